import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.StringJoiner;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Sends one GET as a sender written in Java does, and prints what came of it on one line or more:
 * the status, a blank and the body, or "error" and the classes of the exception and of its causes.
 *
 * Usage: java Witness.java URL CA PFX PASSPHRASE BASIC. The last four are files, or "-" for none: PEM
 * certificates to trust instead of Java's own, a PFX, its passphrase, and "clientid:clientsecret".
 */
public class Witness {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    public static void main(String[] arguments) throws GeneralSecurityException, IOException, InterruptedException {
        URI url = URI.create(arguments[0]);
        Optional<Path> ca = file(arguments[1]);
        Optional<Path> pfx = file(arguments[2]);
        Optional<Path> passphrase = file(arguments[3]);
        Optional<Path> basic = file(arguments[4]);

        KeyManager[] identity = pfx.isPresent() ? identity(pfx.get(), passphrase) : null; // null: none
        TrustManager[] trust = ca.isPresent() ? trust(ca.get()) : null; // null: Java's own trust list
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(identity, trust, null);
        HttpClient client = HttpClient.newBuilder().sslContext(tls).connectTimeout(LIMIT).build();
        HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(LIMIT);
        if (basic.isPresent()) {
            String encoded = Base64.getEncoder().encodeToString(Files.readAllBytes(basic.get()));
            request.header("Authorization", "Basic " + encoded);
        }

        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            var answer = client.send(request.build(), BodyHandlers.ofString());
            out.print(answer.statusCode() + " " + answer.body());
        } catch (IOException error) {
            out.print("error " + classes(error));
        }
        out.flush();
    }

    private static Optional<Path> file(String argument) {
        return argument.equals("-") ? Optional.empty() : Optional.of(Path.of(argument));
    }

    /** The PFX as a keystore; which certificate is sent, if any, is left to Java's own key manager. */
    private static KeyManager[] identity(Path pfx, Optional<Path> passphrase)
            throws GeneralSecurityException, IOException {
        char[] password = passphrase.isPresent() ? Files.readString(passphrase.get()).toCharArray() : new char[0];
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream content = Files.newInputStream(pfx)) {
            store.load(content, password);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, password);
        return factory.getKeyManagers();
    }

    private static TrustManager[] trust(Path ca) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream content = Files.newInputStream(ca)) {
            int number = 0;
            for (Certificate certificate : CertificateFactory.getInstance("X.509").generateCertificates(content)) {
                store.setCertificateEntry("ca-" + number++, certificate);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static String classes(Throwable error) {
        StringJoiner names = new StringJoiner(" < ");
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            names.add(cause.getClass().getName());
        }
        return names.toString();
    }
}
