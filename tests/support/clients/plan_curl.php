<?php // PHP: one cURL handle for all.
$handle = curl_init();
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    [$method, $url, $headers, $body] = explode("\t", $line);
    $location = "";
    curl_reset($handle);
    curl_setopt_array($handle, [
        CURLOPT_URL => $url, CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 30,
        CURLOPT_NOBODY => $method === "HEAD",
        CURLOPT_HTTPHEADER => array_filter(explode("|", $headers)),
        CURLOPT_HEADERFUNCTION => function ($_, $header) use (&$location) {
            if (strpos($header, "Location: ") === 0) $location = trim(substr($header, 10));
            return strlen($header);
        },
    ]);
    if ($body !== "") curl_setopt($handle, CURLOPT_POSTFIELDS, base64_decode($body));
    $data = curl_exec($handle);
    if ($data === false) { fwrite(STDERR, curl_error($handle)); exit(1); }
    echo curl_getinfo($handle, CURLINFO_RESPONSE_CODE), "\t", $location, "\t", base64_encode($data), "\n";
}
