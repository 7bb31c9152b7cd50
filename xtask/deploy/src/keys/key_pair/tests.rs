use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use signing::SigningKey;

use super::{Algorithm, KeyPair, fingerprint_of};

fn rejection(pem: &str) -> String {
    KeyPair::from_pem(pem).err().unwrap().to_string()
}

fn with_tag(tag: &str, pem: &str) -> String {
    pem::encode(&pem::Pem::new(tag, pem::parse(pem).unwrap().contents()))
}

#[test]
fn generated_keys_sign_and_can_be_deployed() {
    for algorithm in [Algorithm::EcP256, Algorithm::Rsa2048] {
        let key = KeyPair::generate(algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(fingerprint_of(key.public_pem()).unwrap(), *key.fingerprint());
        assert!(SigningKey::from_pem(key.private_pem(), None).unwrap().sign(b"policy").is_ok());
        assert!(stack::SigningKey::new(key.fingerprint().clone(), 0, key.public_pem()).is_ok());
    }
}

#[test]
fn read_key_equals_the_generated_one() {
    for algorithm in [Algorithm::EcP256, Algorithm::Rsa2048] {
        let key = KeyPair::generate(algorithm).unwrap();
        let other = format!("\n{}\n", key.private_pem().replace("\r\n", "\n"));
        for text in [key.private_pem(), other.as_str()] {
            let read = KeyPair::from_pem(text).unwrap();
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.fingerprint(), key.fingerprint());
            assert_eq!(read.public_pem(), key.public_pem());
            assert_eq!(*read.private_pem, *key.private_pem);
        }
    }
}

#[test]
fn older_encodings_give_the_same_key() {
    // PKCS#8 contains the older encoding as its last part.
    for (algorithm, tag) in [(Algorithm::Rsa2048, "RSA PRIVATE KEY"), (Algorithm::EcP256, "EC PRIVATE KEY")] {
        let key = KeyPair::generate(algorithm).unwrap();
        let der = pem::parse(key.private_pem()).unwrap().into_contents();
        let start = (1..der.len()).find(|start| {
            let pem = pem::encode(&pem::Pem::new(tag, &der[*start..]));
            der[*start] == 0x30 && KeyPair::from_pem(&pem).is_ok()
        });
        let older = pem::encode(&pem::Pem::new(tag, &der[start.unwrap()..]));
        let parameters = pem::encode(&pem::Pem::new("EC PARAMETERS", [6, 0]));
        for text in [older.clone(), format!("{parameters}{older}")] {
            let read = KeyPair::from_pem(&text).unwrap();
            assert_eq!(read.fingerprint(), key.fingerprint());
            assert_eq!(*read.private_pem, *key.private_pem);
        }
    }
}

#[test]
fn unsupported_key_is_not_imported() {
    let key = KeyPair::generate(Algorithm::EcP256).unwrap();
    assert!(rejection(&with_tag("ENCRYPTED PRIVATE KEY", key.private_pem())).contains("encrypted"));
    let legacy = with_tag("EC PRIVATE KEY", key.private_pem());
    let header = "KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\n";
    assert!(rejection(&legacy.replacen("KEY-----\r\n", header, 1)).contains("encrypted"));
    assert!(rejection(&with_tag("CERTIFICATE", key.public_pem())).contains("`CERTIFICATE`"));
    assert!(rejection(key.public_pem()).contains("`PUBLIC KEY`, not a private key"));
    let cut: String = key.private_pem().lines().take(2).collect();
    for text in ["", "no key", &cut] {
        assert!(rejection(text).contains("not a PEM private key"), "{text}");
    }
    let half = pem::parse(key.private_pem()).unwrap().into_contents();
    let half = pem::encode(&pem::Pem::new("PRIVATE KEY", &half[..half.len() / 2]));
    assert!(rejection(&half).contains("damaged"));

    let rsa = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa4096).unwrap();
    let rsa = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    let rsa = pem::encode(&pem::Pem::new("PRIVATE KEY", rsa.as_ref()));
    assert!(rejection(&rsa).contains("2048 bits"));
    let curve = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let curve = pem::encode(&pem::Pem::new("PRIVATE KEY", curve.to_pkcs8v1().unwrap().as_ref()));
    assert!(rejection(&curve).contains("RSA 2048 or EC P-256"));
}
