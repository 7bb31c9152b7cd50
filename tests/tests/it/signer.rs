//! The signer of the library, compared with others: OpenSSL verifies its signatures, and botocore signs with the same key.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use machine::python::MINISTACK;
use signing::{BaseUrl, HashAlgorithm, Resource, Signer, SigningKey, canned_policy, custom_policy};

use crate::stack::{stack, target_directory};

const EXPIRES_AT: i64 = 1_800_000_000;
const KEY_PAIR_ID: &str = "K2JCJMDEHXQW5F";

/// Signs with botocore's `CloudFrontSigner`; OpenSSL computes the RSA signature. Arguments: the file of the key, the URL, the
/// resource of a policy, the time. It prints a URL with a canned policy and one with a custom policy.
const BOTOCORE: &str = r"
import datetime, subprocess, sys
from botocore.signers import CloudFrontSigner
key, key_pair_id, url, resource, expires_at = sys.argv[1:]
def sign(message):
    return subprocess.run(['openssl', 'dgst', '-sha1', '-sign', key], input=message, stdout=subprocess.PIPE, check=True).stdout
signer = CloudFrontSigner(key_pair_id, sign)
until = datetime.datetime.fromtimestamp(int(expires_at), datetime.timezone.utc)
print(signer.generate_presigned_url(url, date_less_than=until))
print(signer.generate_presigned_url(url, policy=signer.build_policy(resource, until)))
";

/// Runs OpenSSL, which must succeed.
fn openssl(directory: &Path, arguments: &str) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split(' ')).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("OpenSSL's command cannot be run: {error}"));
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Generates keys in all usual encodings; returns the files of the private and the public key.
fn keys(directory: &Path) -> Vec<(&'static str, &'static str)> {
    openssl(directory, "genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-pkcs8.pem");
    openssl(directory, "rsa -in rsa-pkcs8.pem -traditional -out rsa-pkcs1.pem");
    openssl(directory, "pkey -in rsa-pkcs8.pem -pubout -out rsa-public.pem");
    openssl(directory, "ecparam -name prime256v1 -genkey -out ec-sec1.pem");
    openssl(directory, "pkey -in ec-sec1.pem -out ec-pkcs8.pem");
    openssl(directory, "pkey -in ec-sec1.pem -pubout -out ec-public.pem");
    vec![
        ("rsa-pkcs1.pem", "rsa-public.pem"),
        ("rsa-pkcs8.pem", "rsa-public.pem"),
        ("ec-sec1.pem", "ec-public.pem"),
        ("ec-pkcs8.pem", "ec-public.pem"),
    ]
}

fn parameter<'a>(url: &'a str, name: &str) -> &'a str {
    let query = url.split_once('?').unwrap().1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
}

fn signer(directory: &Path, key: &str, hash: Option<HashAlgorithm>) -> Signer {
    let pem = std::fs::read_to_string(directory.join(key)).unwrap();
    Signer::new(SigningKey::from_pem(&pem, hash).unwrap(), KEY_PAIR_ID.to_owned())
}

fn url() -> BaseUrl {
    BaseUrl::parse("https://d111111abcdef8.cloudfront.net/O1/D2/P3/a%20b/Gr%C3%B6%C3%9Fe%2A.parquet").unwrap()
}

fn below() -> Resource {
    Resource::everything_below(&BaseUrl::parse("https://d111111abcdef8.cloudfront.net/O1/D2/P3/").unwrap())
}

#[test]
fn openssl_verifies_every_signature_of_every_key() {
    // The directory is removed: no private key is left, not even one of a test.
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let verify = |public: &str, hash: HashAlgorithm, text: &str, signature: &str| {
        std::fs::write(directory.join("text"), text).unwrap();
        std::fs::write(directory.join("signature"), decode(signature)).unwrap();
        let digest = match hash {
            HashAlgorithm::Sha1 => "sha1",
            HashAlgorithm::Sha256 => "sha256",
        };
        let output =
            openssl(directory, &format!("dgst -{digest} -verify {public} -signature signature text"));
        assert_eq!(output.trim(), "Verified OK");
    };
    for (private, public) in keys(directory) {
        for hash in [None, Some(HashAlgorithm::Sha1), Some(HashAlgorithm::Sha256)] {
            let signer = signer(directory, private, hash);
            let opened = signer.sign_url(&url(), EXPIRES_AT).unwrap().into_exposed();
            let text = canned_policy(&url(), EXPIRES_AT);
            verify(public, signer.hash_algorithm(), &text, parameter(&opened, "Signature"));
            let policy = signer.sign_policy(&below(), EXPIRES_AT).unwrap();
            let text = custom_policy(&below(), EXPIRES_AT);
            assert_eq!(decode(&policy.policy), text.as_bytes());
            verify(public, signer.hash_algorithm(), &text, &policy.signature);
        }
    }
}

#[tokio::test]
async fn botocore_signs_the_same_urls_byte_for_byte() {
    // The emulator's Python environment contains botocore.
    stack().await;
    let tools = target_directory().join("tools");
    let python: PathBuf = MINISTACK.find(&tools).await.unwrap().python();
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    keys(directory);
    let with_query = BaseUrl::parse(&format!("{}?size=1&x=%26", url())).unwrap();
    for (private, url) in [("rsa-pkcs1.pem", url()), ("rsa-pkcs8.pem", with_query)] {
        let mut command = Command::new(&python);
        command.args(["-I", "-c", BOTOCORE, private, KEY_PAIR_ID, url.as_str(), &below().to_string()]);
        let output = command.arg(EXPIRES_AT.to_string()).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let signer = signer(directory, private, None);
        let policy = signer.sign_policy(&below(), EXPIRES_AT).unwrap();
        let ours = [
            signer.sign_url(&url, EXPIRES_AT).unwrap().into_exposed(),
            signer.url_with_policy(&url, &policy).into_exposed(),
        ];
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(theirs.lines().collect::<Vec<_>>(), ours);
    }
}
