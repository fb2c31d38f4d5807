// SPDX-License-Identifier: Apache-2.0
// For test_protection.py: opens our envelopes, makes messages by password, with BouncyCastle.
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthenticatedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.PasswordRecipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSMacCalculatorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class ProtectCmc {
    static final BouncyCastleProvider BC = new BouncyCastleProvider();
    static final ASN1ObjectIdentifier PKI_DATA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.12.2");

    static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }

    static void write(String path, byte[] octets) throws Exception {
        Files.write(Path.of(path), octets);
    }

    static byte[] open(String kind, String keyFile, String file) throws Exception {
        PrivateKey key = KeyFactory.getInstance(kind, BC)
            .generatePrivate(new PKCS8EncodedKeySpec(read(keyFile)));
        ContentInfo ci = ContentInfo.getInstance(read(file));
        boolean auth = ci.getContentType().equals(CMSObjectIdentifiers.authEnvelopedData);
        RecipientInformationStore all = auth ? new CMSAuthEnvelopedData(ci).getRecipientInfos()
                                             : new CMSEnvelopedData(ci).getRecipientInfos();
        RecipientInformation one = all.getRecipients().iterator().next();
        if (auth)
            return one.getContent(new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC));
        return kind.equals("RSA")
            ? one.getContent(new JceKeyTransEnvelopedRecipient(key).setProvider(BC))
            : one.getContent(new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC));
    }

    static JcePasswordRecipientInfoGenerator password(String text) {
        JcePasswordRecipientInfoGenerator g =
            new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES128_CBC, text.toCharArray());
        g.setProvider(BC);
        g.setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8);
        g.setPRF(PasswordRecipient.PRF.HMacSHA256);
        g.setSaltAndIterationCount("sixteen octets..".getBytes(), 2000);
        return g;
    }

    static byte[] mac(String text, String file) throws Exception {
        CMSAuthenticatedDataGenerator g = new CMSAuthenticatedDataGenerator();
        g.addRecipientInfoGenerator(password(text));
        return g.generate(new CMSProcessableByteArray(PKI_DATA, read(file)),
            new JceCMSMacCalculatorBuilder(PKCSObjectIdentifiers.id_hmacWithSHA256, 256)
                .setProvider(BC).build(),
            new JcaDigestCalculatorProviderBuilder().setProvider(BC).build()
                .get(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256))).getEncoded();
    }

    static byte[] envelope(String text, String file) throws Exception {
        CMSEnvelopedDataGenerator g = new CMSEnvelopedDataGenerator();
        g.addRecipientInfoGenerator(password(text));
        return g.generate(
            new CMSProcessableByteArray(PKCSObjectIdentifiers.signedData, read(file)),
            new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_CBC).setProvider(BC).build())
            .getEncoded();
    }

    // open KIND KEY FILE OUT | mac PASSWORD FILE OUT | envelope PASSWORD FILE OUT
    public static void main(String[] a) throws Exception {
        switch (a[0]) {
        case "open":
            write(a[4], open(a[1], a[2], a[3]));
            break;
        case "mac":
            write(a[3], mac(a[1], a[2]));
            break;
        default:
            write(a[3], envelope(a[1], a[2]));
        }
    }
}
