//! The keys and signatures here were made by `minisign` 0.11, unless a test says otherwise.

use proptest::prelude::*;

use super::secret::decode_base64;
use super::*;

const PUBLIC: &str = "untrusted comment: minisign public key D15B3C39EF3A7082\n\
                      RWSCcDrvOTxb0TqfVxUw84+ckxtBI9W5zm5BSivp5z/B4lbrcxP0TkgR\n";
const SECRET: &str = "untrusted comment: minisign encrypted secret key\n\
    RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgnA67zk8W9EqCTL6k1BJxfdP9gpYz5tNee18enG8\
    4yyaoDkiQ6mu8TqfVxUw84+ckxtBI9W5zm5BSivp5z/B4lbrcxP0TkgRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
const SIGNED: &[u8] = b"a few bytes\n";
const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
    RUSCcDrvOTxb0crJK6S8OMX54gzqdEKNoPG0toKxecvkm4ZTOfaWY3ircgHmcgqJV75ItqjMViJNEYI2ojNU/be5p2Y1A3MQOQQ=\n\
    trusted comment: light_curve 0.3.0 sha256:test\n\
    Hk2CQxGyp+7DD5qAtZCcGAd+jcJAWSY+2XAZQUiAEl04Y/YrKjXFll6NoWfi1uD5lO4KIhcQylnBZoJcABX8Cw==\n";
const LEGACY_SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
    RWSCcDrvOTxb0eWQb9S3AGAfp4+Sd2dM0dQuJ9Ug3GeXML+hxPdiF7H7jZ8R3H8HegfuHK6bBCZ5D8tUIZPZX1Z1HtDrJhMtRAg=\n\
    trusted comment: old kind\n\
    yVxNYxtoqdxjleB7V8tmArnkZ0f9XLwuMYrx/opaD2m/aYK3+hRnhzmQDWtN2OwQyysVYV2CLya/pk7XnrRWCA==\n";
const ID: &str = "D15B3C39EF3A7082";

#[test]
fn key_and_signature_of_the_stock_tool_are_read() {
    let line = PUBLIC.lines().nth(1).unwrap();
    for text in [PUBLIC, line, &format!("{line}\r\n"), &PUBLIC.replace('\n', "\r\n")] {
        let key = PublicKey::parse(text).unwrap();
        assert_eq!((key.id().as_str(), key.text()), (ID, line));
        assert_eq!(key.verify(SIGNED, SIGNATURE).unwrap(), "light_curve 0.3.0 sha256:test");
    }
    assert_eq!(key_id_of(SIGNATURE).unwrap(), ID);
}

#[test]
fn a_secret_key_of_the_stock_tool_signs() {
    let secret = SecretKey::parse(SECRET, None).unwrap();
    assert_eq!(secret.public().unwrap(), PublicKey::parse(PUBLIC).unwrap());
    let signature = secret.sign(b"x", "a comment").unwrap();
    assert_eq!(secret.public().unwrap().verify(b"x", &signature).unwrap(), "a comment");
    assert_eq!(format!("{secret:?}"), format!("SecretKey({ID})"));
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let key = PublicKey::parse(PUBLIC).unwrap();
    let refused = |signed: &[u8], signature: &str, says: &str| {
        let error = key.verify(signed, signature).unwrap_err();
        assert_eq!(error.kind, Kind::Untrusted);
        assert!(error.to_string().contains(says) && !error.hints.is_empty(), "{error}");
    };
    refused(b"a few bytes", SIGNATURE, "does not fit");
    refused(SIGNED, &SIGNATURE.replace("0.3.0", "0.3.1"), "omment");
    refused(SIGNED, LEGACY_SIGNATURE, "not prehashed");
    refused(SIGNED, &SIGNATURE.replace("trusted comment: l", "l"), "no signature");
    refused(SIGNED, &format!("{SIGNATURE}more\n"), "four lines");
    refused(SIGNED, "", "four lines");
    let other = KeyFiles::generate(None).unwrap();
    let by_other = SecretKey::parse(&other.secret_file, None).unwrap().sign(SIGNED, "me").unwrap();
    refused(SIGNED, &by_other, &other.public.id());
}

/// The crate takes the id of the key from the signature; only the id is unsigned there, and it must be this key's.
#[test]
fn a_line_that_is_shorter_or_longer_is_refused_without_a_panic() {
    let key = PublicKey::parse(PUBLIC).unwrap();
    let lines: Vec<&str> = SIGNATURE.lines().collect();
    for index in [1, 3] {
        for length in 0..lines[index].len() {
            let mut cut = lines.clone();
            cut[index] = &lines[index][..length];
            assert!(key.verify(SIGNED, &cut.join("\n")).is_err());
            let padded = format!("{}{}", &lines[index][..length], "=".repeat(lines[index].len() - length));
            cut[index] = &padded;
            if padded != lines[index] {
                assert!(key.verify(SIGNED, &cut.join("\n")).is_err());
            }
        }
    }
}

#[test]
fn a_key_pair_with_a_password_opens_with_that_password_only() {
    let files = KeyFiles::generate(Some("right")).unwrap();
    assert_eq!(SecretKey::parse(&files.secret_file, None).unwrap_err().kind, Kind::Usage);
    let error = SecretKey::parse(&files.secret_file, Some("wrong")).unwrap_err();
    assert!(error.to_string().contains("password"), "{error}");
    let secret = SecretKey::parse(&files.secret_file, Some("right")).unwrap();
    assert_eq!(secret.public().unwrap(), files.public);
}

#[test]
fn what_is_no_key_is_refused_and_a_secret_key_recognised() {
    for (text, says) in [
        ("", "no public key"),
        ("RWQ", "no public key"),
        (SIGNATURE, "no public key"),
        (SECRET, "secret key"),
        (&PUBLIC.replace("RWSC", "RUSC"), "Ed25519"),
        ("RWSCcDrvOTxb0TqfVxUw84+ckxtBI9W5zm5BSivp5z/B4lbrcxP0TkgR\nmore", "comment"),
    ] {
        let error = PublicKey::parse(text).unwrap_err();
        assert!(error.kind == Kind::BadInput && error.to_string().contains(says), "{error}");
    }
    let damaged = SECRET.replace("gnA67zk8W9EqCTL6", "gnA67zk8W9EqCTL7");
    for text in ["", PUBLIC, &damaged, &SECRET.replace("TkgRAA", "TkgR!A"), &SECRET[..120]] {
        assert_eq!(SecretKey::parse(text, None).unwrap_err().kind, Kind::BadInput, "{text}");
    }
}

#[test]
fn a_comment_of_two_lines_cannot_be_signed() {
    let secret = SecretKey::parse(SECRET, None).unwrap();
    assert_eq!(secret.sign(b"", "one\ntwo").unwrap_err().kind, Kind::Usage);
}

proptest! {
    #[test]
    fn any_text_is_refused(text in ".{0,300}", lines in proptest::collection::vec("[A-Za-z0-9+/=]{80,110}", 4)) {
        let key = PublicKey::parse(PUBLIC).unwrap();
        prop_assert!(PublicKey::parse(&text).is_err());
        prop_assert!(key.verify(SIGNED, &text).is_err());
        let four = format!("untrusted comment: x\n{}\ntrusted comment: y\n{}\n", lines[0], lines[1]);
        prop_assert!(key.verify(SIGNED, &four).is_err());
        prop_assert!(SecretKey::parse(&text, None).is_err());
    }

    #[test]
    fn no_flipped_bit_of_a_signature_passes(index in 0..SIGNATURE.len(), bit in 0..7_u32) {
        let mut damaged = SIGNATURE.as_bytes().to_vec();
        damaged[index] ^= 1 << bit;
        let damaged = String::from_utf8(damaged).unwrap();
        let key = PublicKey::parse(PUBLIC).unwrap();
        match key.verify(SIGNED, &damaged) {
            // Only the first comment is not signed.
            Ok(comment) => {
                prop_assert!(index < 55);
                prop_assert_eq!(comment, "light_curve 0.3.0 sha256:test");
            }
            Err(error) => prop_assert_eq!(error.kind, Kind::Untrusted),
        }
    }

    #[test]
    fn base64_is_decoded_as_the_crate_encodes_it(_seed in any::<u8>()) {
        let files = KeyFiles::generate(None).unwrap();
        let decoded = decode_base64(files.public.text()).unwrap();
        prop_assert_eq!(decoded, files.public.key.to_bytes());
    }
}
