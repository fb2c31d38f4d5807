// SPDX-License-Identifier: Apache-2.0
// What BouncyCastle sees in a CMC message: ListCmc FILE... prints, for each file, a line for the
// kind, for each control ("control ID OID"), request ("request ID FORM"), certificate and status.
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.Security;
import java.util.Collection;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCStatusInfoV2;
import org.bouncycastle.asn1.cmc.OtherStatusInfo;
import org.bouncycastle.asn1.cmc.CMCFailInfo;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.PKIResponse;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedCertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

public class ListCmc {
    static void control(TaggedAttribute a) {
        System.out.println("control " + a.getBodyPartID().getID() + " " + a.getAttrType());
        if (a.getAttrType().equals(CMCObjectIdentifiers.id_cmc_statusInfoV2)) {
            CMCStatusInfoV2 s = CMCStatusInfoV2.getInstance(a.getAttrValues().getObjectAt(0));
            StringBuilder parts = new StringBuilder();
            for (BodyPartID id : toIds(s)) {
                parts.append(' ').append(id.getID());
            }
            String fail = "-";
            if (s.hasOtherInfo()) {
                OtherStatusInfo other = s.getOtherStatusInfo();
                if (other.isFailInfo()) {
                    fail = CMCFailInfo.getInstance(other.toASN1Primitive()).toASN1Primitive()
                        .toString();
                }
            }
            System.out.println("status " + s.getcMCStatus().toASN1Primitive() + " " + fail + parts);
        }
    }

    static BodyPartID[] toIds(CMCStatusInfoV2 s) {
        ASN1Object[] list = s.getBodyList();
        BodyPartID[] ids = new BodyPartID[list.length];
        for (int i = 0; i < list.length; i++) {
            ids[i] = BodyPartID.getInstance(list[i].toASN1Primitive());
        }
        return ids;
    }

    static void request(TaggedRequest r) {
        if (r.getTagNo() == TaggedRequest.TCR) {
            TaggedCertificationRequest t = TaggedCertificationRequest.getInstance(r.getValue());
            CertificationRequest csr = CertificationRequest.getInstance(
                org.bouncycastle.asn1.ASN1Sequence.getInstance(t.toASN1Primitive()).getObjectAt(1));
            System.out.println("request "
                + BodyPartID.getInstance(org.bouncycastle.asn1.ASN1Sequence.getInstance(
                    t.toASN1Primitive()).getObjectAt(0)).getID()
                + " pkcs10 " + csr.getCertificationRequestInfo().getSubject());
        } else if (r.getTagNo() == TaggedRequest.CRM) {
            CertReqMsg m = CertReqMsg.getInstance(r.getValue());
            System.out.println("request " + m.getCertReq().getCertReqId() + " crmf "
                + m.getCertReq().getCertTemplate().getSubject());
        }
    }

    public static void main(String[] files) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        for (String file : files) {
            CMSSignedData cms = new CMSSignedData(Files.readAllBytes(Paths.get(file)));
            System.out.println("file " + cms.getSignedContentTypeOID());
            Collection<X509CertificateHolder> certs = cms.getCertificates().getMatches(null);
            for (X509CertificateHolder c : certs) {
                System.out.println("certificate " + c.getSubject());
            }
            for (SignerInformation s : cms.getSignerInfos().getSigners()) {
                boolean good = false;
                for (Object o : cms.getCertificates().getMatches(s.getSID())) {
                    good = s.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC")
                        .build((X509CertificateHolder) o));
                }
                System.out.println("signer " + (good ? "verifies" : "does not verify"));
            }
            if (cms.getSignedContent() == null) {
                continue;
            }
            byte[] content = (byte[]) cms.getSignedContent().getContent();
            if (cms.getSignedContentTypeOID().equals("1.3.6.1.5.5.7.12.2")) {
                PKIData d = PKIData.getInstance(content);
                for (TaggedAttribute a : d.getControlSequence()) {
                    control(a);
                }
                for (TaggedRequest r : d.getReqSequence()) {
                    request(r);
                }
            } else if (cms.getSignedContentTypeOID().equals("1.3.6.1.5.5.7.12.3")) {
                PKIResponse r = PKIResponse.getInstance(content);
                for (int i = 0; i < r.getControlSequence().size(); i++) {
                    control(TaggedAttribute.getInstance(r.getControlSequence().getObjectAt(i)));
                }
            }
        }
    }
}
