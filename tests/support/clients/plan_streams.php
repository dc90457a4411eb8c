<?php // PHP: file_get_contents, HTTP/1.0 by default and a connection for each.
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    [$method, $url, $headers, $body] = explode("\t", $line);
    $options = ["method" => $method, "header" => str_replace("|", "\r\n", $headers), "ignore_errors" => true, "timeout" => 30];
    if ($body !== "") $options["content"] = base64_decode($body);
    $data = file_get_contents($url, false, stream_context_create(["http" => $options]));
    if ($data === false) exit(1);
    $location = "";
    foreach ($http_response_header as $header) {
        if (strpos($header, "Location: ") === 0) $location = substr($header, 10);
    }
    echo explode(" ", $http_response_header[0])[1], "\t", $location, "\t", base64_encode($data), "\n";
}
