// Java: HttpURLConnection, which keeps connections by itself.
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Base64;

public class Plan {
    public static void main(String[] words) throws Exception {
        for (String line : Files.readAllLines(Paths.get(words[0]))) {
            String[] parts = line.split("\t", -1);
            HttpURLConnection connection = (HttpURLConnection) new URL(parts[1]).openConnection();
            connection.setRequestMethod(parts[0]);
            connection.setReadTimeout(30000);
            for (String pair : parts[2].split("\\|")) {
                String[] named = pair.split(": ", 2);
                if (named.length == 2) connection.setRequestProperty(named[0], named[1]);
            }
            byte[] body = Base64.getDecoder().decode(parts[3]);
            if (body.length > 0) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(body);
            }
            int status = connection.getResponseCode();
            InputStream stream = status >= 400 ? connection.getErrorStream() : connection.getInputStream();
            byte[] data = stream == null ? new byte[0] : stream.readAllBytes();
            String location = connection.getHeaderField("Location");
            String told = Base64.getEncoder().encodeToString(data);
            System.out.println(status + "\t" + (location == null ? "" : location) + "\t" + told);
        }
    }
}
