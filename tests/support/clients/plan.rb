# Ruby: Net::HTTP, one connection.
require "net/http"
require "uri"
http = nil
File.readlines(ARGV[0], chomp: true).each do |line|
  method, url, headers, body = line.split("\t", -1)
  uri = URI(url)
  http ||= Net::HTTP.new(uri.host, uri.port).start
  data = body.unpack1("m0")
  kind = Net::HTTPGenericRequest.new(method, !data.empty?, method != "HEAD", uri.request_uri)
  headers.split("|").each { |pair| name, value = pair.split(": ", 2); kind[name] = value }
  response = data.empty? ? http.request(kind) : http.request(kind, data)
  puts [response.code, response["Location"].to_s, [response.body.to_s].pack("m0")].join("\t")
end
http.finish
