use inkan_core::encoding::b64;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::opening::DigestFormat;
use crate::testing::{Person, World};

fn receipts() -> (World, Vec<Receipt>) {
    let mut world = World::new();
    for seed in 5..9 {
        world.register(&Person::new(seed));
    }
    let size = world.seal(9);
    let note = world.cosigned(size, &[10, 11]);
    let receipts = (0..size).map(|index| world.log.receipt(index, &note).unwrap()).collect();
    (world, receipts)
}

fn code<T>(result: Result<T, ReceiptError>) -> &'static str {
    result.map(|_| ()).unwrap_err().code()
}

#[test]
fn sidecars_are_read_as_they_were_written() {
    let (_, receipts) = receipts();
    for receipt in receipts {
        let digest = inkan_core::sha256(&[b"x"]);
        let opening = Opening::new(DigestFormat::Jws, [1; 16], digest);
        let opened = receipt.clone().with_opening(opening);
        let exported = opened.clone().with_cose(vec![0xd2, 0x84]);
        assert_eq!(exported.cose(), Some([0xd2, 0x84].as_slice()));
        for receipt in [receipt, opened, exported] {
            let value = receipt.to_value();
            assert_eq!(Receipt::parse(value.to_string().as_bytes()), Ok(receipt.clone()));
            assert_eq!(Receipt::from_value(&value), Ok(receipt));
        }
    }
}

/// V1: at most 65,536 bytes, all in all; and no control characters, not in names of unknown cosigners either.
#[test]
fn a_proof_has_a_largest_size_and_no_control_characters() {
    let (_, receipts) = receipts();
    let text = receipts[1].proof().to_string();
    let (first, rest) = text.split_once('\n').unwrap();
    let of_size = |size: usize| {
        let others = size - text.len() - "extra \n".len();
        // Base64 comes in fours; the name of a cosigner that nobody knows takes what is left.
        let line = |name: usize| format!("\u{2014} {} {}\n", "x".repeat(name), b64(&[1; 6]));
        let name = 1 + (others - line(1).len()) % 4;
        let extra = b64(&vec![0; (others - line(name).len()) / 4 * 3]);
        format!("{first}\nextra {extra}\n{rest}{}", line(name))
    };
    for (size, fits) in [(60_000, true), (65_535, true), (65_536, true), (65_537, false)] {
        let text = of_size(size);
        assert_eq!(text.len(), size);
        assert_eq!(TlogProof::parse(&text).is_ok(), fits, "{size}");
    }
    for control in ["\t", "\r", "\u{1}", "\u{7f}"] {
        let line = format!("\u{2014} na{control}me {}\n", b64(&[1; 6]));
        assert_eq!(code(TlogProof::parse(&(text.clone() + &line))), "malformed-receipt");
    }
    let plain = format!("{text}\u{2014} name {}\n", b64(&[1; 6]));
    assert!(TlogProof::parse(&plain).is_ok());
}

#[test]
fn receipts_of_a_bundle_share_their_checkpoints() {
    let (world, receipts) = receipts();
    let mut checkpoints = vec![world.cosigned(1, &[1, 1]).to_string()];
    let values: Vec<_> =
        receipts.iter().map(|receipt| receipt.to_bundle_value(&mut checkpoints)).collect();
    assert_eq!(checkpoints.len(), 2);
    for (value, receipt) in values.iter().zip(&receipts) {
        assert_eq!(value["checkpoint"], 1);
        assert_eq!(Receipt::from_bundle_value(value, &checkpoints).as_ref(), Ok(receipt));
        assert_eq!(code(Receipt::from_value(value)), "malformed-receipt");
        assert_eq!(code(Receipt::from_bundle_value(value, &checkpoints[..1])), "malformed-receipt");
        let mut cut = value.clone();
        cut["proof"] = value["proof"].as_str().unwrap().trim_end().into();
        assert_eq!(code(Receipt::from_bundle_value(&cut, &checkpoints)), "malformed-receipt");
        // Joined, it would be the same text; but what is shared must be a whole checkpoint.
        let (first, rest) = checkpoints[1].split_once('\n').unwrap();
        let shared = [checkpoints[0].clone(), rest.to_owned()];
        let mut moved = value.clone();
        moved["proof"] = format!("{}{first}\n", value["proof"].as_str().unwrap()).into();
        assert_eq!(code(Receipt::from_bundle_value(&moved, &shared)), "malformed-receipt");
        assert_eq!(
            Receipt::from_bundle_value(&receipt.to_value(), &checkpoints).as_ref(),
            Ok(receipt)
        );
    }
}

#[test]
fn sidecars_are_closed_and_typed() {
    let (_, receipts) = receipts();
    let good = receipts[1].to_value();
    for (member, value) in [
        ("type", json!("inkan-receipt/2")),
        ("leaf", json!("A")),
        ("leaf", json!(1)),
        ("proof", json!(null)),
        ("proof", json!("")),
        ("opening", json!({})),
        ("cose", json!("=")),
        ("checkpoint", json!(0)),
        ("note", json!("x")),
    ] {
        let mut other = good.clone();
        other[member] = value;
        assert_eq!(code(Receipt::from_value(&other)), "malformed-receipt", "{member}");
    }
    assert_eq!(code(Receipt::from_value(&json!([]))), "malformed-receipt");
    assert_eq!(code(Receipt::parse(b"{")), "malformed-receipt");
}

#[test]
fn proofs_have_one_text_form() {
    let (world, receipts) = receipts();
    let good = receipts[1].proof().to_string();
    assert!(good.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"));
    assert_eq!(TlogProof::parse(&good).unwrap().to_string(), good);
    let path_line = good.lines().nth(2).unwrap();
    let long = format!("{}\n", path_line).repeat(64);
    let size = world.log.size();
    let changed = [
        good.replacen("v1\n", "v2\n", 1),
        good.replacen("index 1", "index 01", 1),
        good.replacen("index 1", "index +1", 1),
        good.replacen("index 1", "index -1", 1),
        good.replacen("index 1", "index １", 1),
        good.replacen("index 1", &format!("index {size}"), 1),
        good.replacen("index 1", "index 9223372036854775808", 1),
        good.replacen("index 1\n", "", 1),
        good.replacen("index 1", "extra =\nindex 1", 1),
        good.replacen("index 1", "extra AA==\nextra AA==\nindex 1", 1),
        good.replacen(path_line, path_line.trim_end_matches('='), 1),
        good.replacen(path_line, "AAAA", 1),
        good.replacen(path_line, &format!("{path_line} "), 1),
        good.replacen(&format!("{path_line}\n"), &long, 1),
        good.replace('\n', "\r\n"),
        good.replacen("\n\n", "\n", 1),
        good.trim_end().to_owned(),
        good.replacen(&format!("\n{size}\n"), &format!("\n{size}\nextension\n"), 1),
        good.replacen(&format!("\n{size}\n"), &format!("\n0{size}\n"), 1),
        format!("{good}{}", "— x AAAAAAA=\n".repeat(62)),
        format!("{good}{}", "x".repeat(NOTE_LIMIT)),
        good.replacen("index", "\tindex", 1),
    ];
    for text in changed {
        assert_ne!(text, good);
        assert_eq!(code(TlogProof::parse(&text)), "malformed-receipt", "{text:?}");
    }
    // No tree asks for a longer path than 63 hashes.
    let lines = receipts[1].proof().path().path.len();
    let more = format!("{path_line}\n").repeat(64 - lines);
    let longest = good.replacen(&format!("{path_line}\n"), &more, 1);
    assert_eq!(TlogProof::parse(&longest).unwrap().path().path.len(), 63);
    let extra = good.replacen("index", "extra AAAA\nindex", 1);
    assert_eq!(TlogProof::parse(&extra).unwrap().to_string(), extra, "parsed, and without meaning");
}

#[test]
fn receipts_stay_small() {
    let mut world = World::new();
    for seed in 5..8 {
        world.register(&Person::new(seed));
    }
    let size = world.seal(9);
    let proof = world.log.receipt(1, &world.cosigned(size, &[10, 11])).unwrap();
    let text = proof.proof().to_string();
    // 1,110 bytes at 10k leaves: 14 path lines of 45 bytes and 480 of everything else.
    let path = 45 * proof.proof().path().path.len();
    assert!(text.len() - path <= 1_110 - 14 * 45, "{} bytes beside the path", text.len() - path);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), tail in "[a-zA-Z0-9=\n ]{0,120}") {
        let _ = TlogProof::parse(&text);
        let _ = TlogProof::parse(&format!("c2sp.org/tlog-proof@v1\n{tail}"));
        let _ = Receipt::parse(text.as_bytes());
    }

    #[test]
    fn what_is_read_is_written_back(at in any::<usize>(), byte in any::<u8>()) {
        let (_, receipts) = receipts();
        let mut text = receipts[2].proof().to_string().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        if let Ok(text) = String::from_utf8(text) && let Ok(proof) = TlogProof::parse(&text) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
