// SPDX-License-Identifier: Apache-2.0
// BouncyCastle and the controls of CMC:
//   Controls read FILE...   parse the value of each TaggedAttribute with the class for it and write
//                           it again: "FILE same CLASS", "FILE other CLASS" or "FILE failed TEXT"
//   Controls write          values made by the classes: "NUMBER HEX", NUMBER being the last arc
import java.lang.reflect.Method;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cmc.*;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.crmf.*;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.ReasonFlags;
import org.bouncycastle.util.encoders.Hex;

public class Controls {
    static final Map<Integer, Class<?>> CLASSES = new HashMap<>();

    static {
        Class<?> octets = ASN1OctetString.class;
        for (int n : new int[] {3, 4, 6, 7, 18, 19, 21, 22}) {
            CLASSES.put(n, octets);
        }
        CLASSES.put(1, CMCStatusInfo.class);
        CLASSES.put(2, ASN1UTF8String.class);
        CLASSES.put(5, ASN1Integer.class);
        CLASSES.put(8, ASN1Sequence.class); // there is no class for AddExtensions
        CLASSES.put(9, EncryptedPOP.class);
        CLASSES.put(10, DecryptedPOP.class);
        CLASSES.put(11, LraPopWitness.class);
        CLASSES.put(15, GetCert.class);
        CLASSES.put(16, GetCRL.class);
        CLASSES.put(17, RevokeRequest.class);
        CLASSES.put(24, IssuerAndSerialNumber.class);
        CLASSES.put(25, CMCStatusInfoV2.class);
        CLASSES.put(26, PublishTrustAnchors.class);
        CLASSES.put(27, BodyPartID.class);
        CLASSES.put(28, BodyPartList.class);
        CLASSES.put(29, BodyPartList.class);
        CLASSES.put(30, CMCPublicationInfo.class);
        CLASSES.put(31, ModCertTemplate.class);
        CLASSES.put(32, ControlsProcessed.class);
        CLASSES.put(34, IdentityProofV2.class);
        CLASSES.put(35, BodyPartPath.class);
        CLASSES.put(37, BodyPartPath.class);
    }

    static void read(String file) throws Exception {
        byte[] octets = Files.readAllBytes(Paths.get(file));
        TaggedAttribute a = TaggedAttribute.getInstance(ASN1Primitive.fromByteArray(octets));
        String oid = a.getAttrType().getId();
        int number = Integer.parseInt(oid.substring(oid.lastIndexOf('.') + 1));
        Class<?> type = CLASSES.get(number);
        ASN1Encodable raw = a.getAttrValues().getObjectAt(0);
        try {
            Method m = type.getMethod("getInstance", Object.class);
            ASN1Encodable value = (ASN1Encodable) m.invoke(null, raw);
            byte[] again = value.toASN1Primitive().getEncoded("DER");
            boolean same = Arrays.equals(again, raw.toASN1Primitive().getEncoded("DER"))
                && Arrays.equals(a.toASN1Primitive().getEncoded("DER"), octets);
            System.out.println(file + (same ? " same " : " other ") + type.getSimpleName());
        } catch (Exception e) {
            System.out.println(file + " failed " + (e.getCause() != null ? e.getCause() : e));
        }
    }

    static void write(int number, ASN1Encodable value) throws Exception {
        System.out.println(number + " "
            + Hex.toHexString(value.toASN1Primitive().getEncoded("DER")));
    }

    static void writeAll() throws Exception {
        BodyPartID one = new BodyPartID(1), max = new BodyPartID(4294967295L);
        BodyPartID[] ids = {one, max};
        BodyPartReference[] refs = {new BodyPartReference(one),
            new BodyPartReference(new BodyPartPath(ids))};
        AlgorithmIdentifier sha256 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
        AlgorithmIdentifier hmac = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256,
            DERNull.INSTANCE);
        X500Name name = new X500Name("CN=J\u00f6rg,O=Example");
        GeneralName directory = new GeneralName(name);
        GeneralName uri = new GeneralName(GeneralName.uniformResourceIdentifier, "http://a/");
        ASN1GeneralizedTime when = new ASN1GeneralizedTime("20261121120000Z");
        byte[] octets = {0, 1, (byte) 0xff};
        byte[][] hashes = {new byte[32], octets};
        Extensions extensions = new Extensions(
            new Extension(Extension.keyUsage, true, new byte[] {3, 2, 7, (byte) 0x80}));

        write(1, new CMCStatusInfoBuilder(CMCStatus.success, one).build());
        write(1, new CMCStatusInfoBuilder(CMCStatus.failed, ids).setStatusString("nein")
            .setOtherInfo(CMCFailInfo.badRequest).build());
        write(1, new CMCStatusInfoBuilder(CMCStatus.pending, ids)
            .setOtherInfo(new PendInfo(octets, when)).build());
        for (CMCStatus status : new CMCStatus[] {CMCStatus.success, CMCStatus.noSupport,
            CMCStatus.confirmRequired, CMCStatus.popRequired}) {
            write(25, new CMCStatusInfoV2Builder(status, ids).build());
        }
        for (CMCFailInfo info : new CMCFailInfo[] {CMCFailInfo.badAlg, CMCFailInfo.badMessageCheck,
            CMCFailInfo.badRequest, CMCFailInfo.badTime, CMCFailInfo.badCertId,
            CMCFailInfo.unsupportedExt, CMCFailInfo.mustArchiveKeys, CMCFailInfo.badIdentity,
            CMCFailInfo.popRequired, CMCFailInfo.popFailed, CMCFailInfo.noKeyReuse,
            CMCFailInfo.internalCAError, CMCFailInfo.tryLater, CMCFailInfo.authDataFail}) {
            write(25, new CMCStatusInfoV2Builder(CMCStatus.failed, one).setStatusString("J\u00f6rg")
                .setOtherInfo(info).build());
        }
        write(25, new CMCStatusInfoV2Builder(CMCStatus.partial, one)
            .setOtherInfo(new PendInfo(octets, when)).build());
        write(25, new CMCStatusInfoV2Builder(CMCStatus.failed, one).setOtherInfo(
            new ExtendedFailInfo(new ASN1ObjectIdentifier("1.2.3.4"), DERNull.INSTANCE)).build());
        write(2, new DERUTF8String("J\u00f6rg"));
        for (int n : new int[] {3, 4, 6, 7, 18, 19, 21, 22}) {
            write(n, new DEROctetString(octets));
        }
        write(5, new ASN1Integer(BigInteger.ONE.shiftLeft(300)));
        write(5, new ASN1Integer(-5));
        CertTemplate template = new CertTemplateBuilder().setSubject(name).setIssuer(name)
            .setSerialNumber(new ASN1Integer(1)).setVersion(2).setSigningAlg(sha256)
            .setExtensions(extensions).build();
        CertReqMsg crm = new CertReqMsg(
            new CertRequest(new ASN1Integer(max.getID()), template, null), new ProofOfPossession(),
            null);
        write(9, new EncryptedPOP(new TaggedRequest(crm),
            new ContentInfo(PKCSObjectIdentifiers.data, new DEROctetString(octets)), hmac, sha256,
            octets));
        write(10, new DecryptedPOP(max, hmac, octets));
        write(11, new LraPopWitness(new BodyPartID(0),
            new DERSequence(new ASN1Encodable[] {one, max})));
        write(15, new GetCert(directory, BigInteger.TEN));
        write(15, new GetCert(uri, BigInteger.ONE.shiftLeft(150)));
        write(16, new GetCRL(name, null, null, null));
        write(16, new GetCRL(name, directory, when, new ReasonFlags(ReasonFlags.keyCompromise)));
        write(16, new GetCRL(name, null, when, null));
        write(17, new RevokeRequest(name, new ASN1Integer(1), CRLReason.lookup(1), null, null, null));
        write(17, new RevokeRequest(name, new ASN1Integer(BigInteger.ONE.shiftLeft(150)),
            CRLReason.lookup(8), when, new DEROctetString(octets), new DERUTF8String("J\u00f6rg")));
        write(24, new IssuerAndSerialNumber(name, BigInteger.TEN));
        write(26, new PublishTrustAnchors(BigInteger.ONE.shiftLeft(80), sha256, hashes));
        write(27, max);
        write(28, new BodyPartList(ids));
        write(29, new BodyPartList(one));
        write(30, new CMCPublicationInfo(sha256, hashes,
            new PKIPublicationInfo(BigInteger.ZERO)));
        write(30, new CMCPublicationInfo(sha256, hashes,
            new PKIPublicationInfo(new SinglePubInfo(SinglePubInfo.web, uri))));
        write(31, new ModCertTemplate(new BodyPartPath(one), new BodyPartList(ids), true, template));
        write(31, new ModCertTemplate(new BodyPartPath(ids), new BodyPartList(one), false, template));
        write(32, new ControlsProcessed(refs));
        write(34, new IdentityProofV2(sha256, hmac, octets));
        write(35, new BodyPartPath(ids));
        write(37, new BodyPartPath(one));
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("write")) {
            writeAll();
        } else {
            for (int i = 1; i < args.length; i++) {
                read(args[i]);
            }
        }
    }
}
