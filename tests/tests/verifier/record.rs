//! Receipts: what is recorded, and what only claims to be.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::{Bundle, Format};
use inkan_crypto::KeyType;
use inkan_did::DidUrl;
use inkan_ledger::{Claims, Grade, Kind, LogPolicy, Opening, SignedEntry, commitment};
use inkan_tests::world::{Case, HOLDER, ISSUER, Ledger, ORIGIN, Order, Parts, World, judge_bytes};
use inkan_verifier::{CheckName, Context, Receipts, Verification};
use serde_json::Value;

use super::expect::{accepted, lines, noted, passed, refused, undecided, worthless};

fn issued(seed: u64) -> (World, Case, Parts) {
    let mut world = World::new(seed);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    (world, case, parts)
}

/// Judges the bundle with its JSON changed.
fn edited(parts: &Parts, context: &Context, edit: impl FnOnce(&mut Value)) -> Verification {
    let mut value = parts.bundle().to_value();
    edit(&mut value);
    judge_bytes(value.to_string().as_bytes(), context)
}

/// Position of the receipt with an opening.
fn opened(parts: &Parts) -> usize {
    parts.receipts.iter().position(|one| one.opening().is_some()).expect("an opening")
}

#[test]
fn a_missing_receipt_is_open_where_one_is_demanded() {
    let (world, _, mut parts) = issued(20);
    let at = opened(&parts);
    parts.receipts.remove(at);
    undecided(&parts.judge(&world.context()), CheckName::OnLedger, "receipt-missing");
    // Where none is demanded it is shown, since the credential says that there is one.
    let used = Context { receipts: Receipts::Used, ..world.context() };
    let verification = parts.judge(&used);
    accepted(&verification);
    noted(&verification, CheckName::OnLedger, "receipt-missing");
}

#[test]
fn a_credential_that_names_no_ledger_needs_none_unless_demanded() {
    let mut world = World::new(21);
    let mut order = Order::of(Format::Jose);
    order.ledger = false;
    let case = world.draw_up(&order);
    let parts = world.parts(&case);
    undecided(&parts.judge(&world.context()), CheckName::OnLedger, "receipt-missing");
    let used = Context { receipts: Receipts::Used, ..world.context() };
    let verification = parts.judge(&used);
    assert!(accepted(&verification).recorded().is_none());
    assert!(lines(&verification).contains("on-ledger: skipped"));
}

#[test]
fn a_log_that_is_not_pinned_is_unknown() {
    let (world, _, parts) = issued(22);
    let mut rng = SeededRng::new(99);
    let other = Ledger::new("other.example", 2, &mut rng, world.now);
    let context = Context { logs: vec![other.policy()], ..world.context() };
    undecided(&parts.judge(&context), CheckName::OnLedger, "unknown-log");
    // The same with none at all, and without the receipt itself.
    let context = Context { logs: vec![], ..context };
    undecided(&parts.judge(&context), CheckName::OnLedger, "unknown-log");
    let mut bare = parts.clone();
    bare.receipts.clear();
    undecided(&bare.judge(&context), CheckName::OnLedger, "unknown-log");
    // Pinned beside others it is found.
    let context = Context { logs: vec![other.policy(), world.ledger.policy()], ..world.context() };
    accepted(&parts.judge(&context));
}

#[test]
fn too_few_witnesses_are_refused() {
    let (world, case, mut parts) = issued(23);
    let at = opened(&parts);
    let (place, opening) = case.entries[0].clone();
    let thin = world.ledger.head(world.now, 1);
    let receipt = world.ledger.log.receipt(place, &thin).expect("a receipt");
    parts.receipts[at] = receipt.with_opening(opening);
    worthless(&parts.judge(&world.context()), CheckName::OnLedger, "quorum-not-met");
    // Beside the same under the whole head it takes nothing away.
    let thin = parts.receipts.clone();
    let mut parts = world.parts(&case);
    parts.receipts.extend(thin);
    accepted(&parts.judge(&world.context()));
}

#[test]
fn heads_that_too_few_signed_take_nothing_away_whatever_stands_under_them() {
    let (world, case, whole) = issued(23);
    let thin = world.ledger.head(world.now, 1);
    let weak = |receipt: &inkan_ledger::Receipt| {
        let place = receipt.proof().path().leaf_index;
        world.ledger.log.receipt(place, &thin).expect("a receipt")
    };
    let issuer = world.actors[0].did.scid().expect("a SCID").to_owned();
    let key = inkan_ledger::MapKey::did(&issuer);
    let current = world.ledger.log.current(&key, &thin).expect("a proof");
    // Everything once more, under a head with one line too few: what was accepted is accepted.
    let mut parts = whole.clone();
    parts.receipts.extend(whole.receipts.iter().map(weak));
    parts.current.push(current.clone());
    let verification = parts.judge(&world.context());
    accepted(&verification);
    noted(&verification, CheckName::OtherReceipt, "quorum-not-met");
    // Only under such a head: nothing rests on it, and what is missing says so.
    let mut parts = world.parts(&case);
    parts.receipts =
        whole.receipts.iter().filter(|one| one.opening().is_none()).map(weak).collect();
    parts.receipts.extend(whole.receipts.iter().filter(|one| one.opening().is_some()).cloned());
    parts.current = vec![current];
    let verification = parts.judge(&world.context());
    assert!(!verification.is_authentic(), "{verification:?}");
}

#[test]
fn time_on_the_operators_word_alone_is_graded_so() {
    let (world, _, parts) = issued(24);
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..world.context() };
    worthless(&parts.judge(&bare), CheckName::Time, "time-grade-too-low");
    // Where receipts are not demanded it is shown, and nothing has outlived its key.
    let used = Context { receipts: Receipts::Used, ..bare.clone() };
    let verification = parts.judge(&used);
    let credential = accepted(&verification);
    noted(&verification, CheckName::Time, "time-grade-too-low");
    let recorded = credential.recorded().expect("a record");
    assert_eq!((recorded.grades().list(), recorded.existed_by()), (vec![Grade::Operator], None));
    let content = Context { grade: Grade::Operator, ..bare };
    accepted(&parts.judge(&content));
}

#[test]
fn witnesses_of_the_log_itself_raise_no_grade() {
    let (world, _, parts) = issued(25);
    let own = world.ledger.policy_text().replace("w1", "self").replace("selfexample", "");
    let text: String = own.replace("self.example", "w1.example");
    let policy = LogPolicy::parse(&text).expect("a policy");
    let context = Context { logs: vec![policy], ..world.context() };
    let verification = parts.judge(&context);
    worthless(&verification, CheckName::Time, "time-grade-too-low");
}

#[test]
fn every_changed_line_of_a_checkpoint_is_refused() {
    let (world, _, parts) = issued(26);
    let context = world.context();
    // The one under the record of the issuance.
    let at = opened(&parts);
    let bundle = parts.bundle();
    let number = bundle.receipts[at]["checkpoint"].as_u64().expect("a place");
    let number = usize::try_from(number).expect("a place");
    let note = bundle.checkpoints[number].clone();
    for (line, text) in note.lines().enumerate().filter(|(_, text)| !text.is_empty()) {
        let mut forged: Vec<String> = note.lines().map(str::to_owned).collect();
        let last = text.chars().rev().find(char::is_ascii_alphanumeric).expect("text");
        let other = if last == 'A' { 'B' } else { 'A' };
        let at = text.rfind(last).expect("its place");
        forged[line].replace_range(at..=at, &other.to_string());
        let forged = format!("{}\n", forged.join("\n"));
        let verification = edited(&parts, &context, |bundle| {
            bundle["checkpoints"][number] = forged.into();
        });
        assert!(!verification.is_authentic(), "line {line}");
    }
}

#[test]
fn a_path_that_leads_elsewhere_is_refused() {
    let (world, _, parts) = issued(27);
    let at = opened(&parts);
    let context = world.context();
    let proof = parts.bundle().to_value()["receipts"][at]["proof"].as_str().unwrap().to_owned();
    let line = proof.lines().nth(2).expect("a path").to_owned();
    let other = if line.starts_with('A') { "B" } else { "A" };
    let forged = proof.replacen(&line, &format!("{other}{}", &line[1..]), 1);
    let verification =
        edited(&parts, &context, |bundle| bundle["receipts"][at]["proof"] = forged.into());
    worthless(&verification, CheckName::OnLedger, "inclusion-invalid");
    let moved = proof.replace("index ", "index 1");
    let verification =
        edited(&parts, &context, |bundle| bundle["receipts"][at]["proof"] = moved.into());
    refused(&verification, CheckName::OnLedger, "malformed-receipt");
}

#[test]
fn another_leaf_than_the_recorded_one_is_refused() {
    let (world, _, parts) = issued(28);
    let at = opened(&parts);
    let leaf = inkan_core::encoding::b64u(b"inkan-leaf/v1\nissuance\n1\nx");
    // In the long form, and in the short one.
    let mut long = parts.bundle().receipts[at].clone();
    long["leaf"] = leaf.into();
    let verification = edited(&parts, &world.context(), |bundle| bundle["receipts"][at] = long);
    worthless(&verification, CheckName::OnLedger, "inclusion-invalid");
    let verification =
        edited(&parts, &world.context(), |bundle| bundle["receipts"][at]["time"] = 1.into());
    worthless(&verification, CheckName::OnLedger, "inclusion-invalid");
}

#[test]
fn an_opening_opens_this_entry_to_this_artefact_with_the_signed_salt() {
    let (world, _, parts) = issued(29);
    let at = opened(&parts);
    let context = world.context();
    let long = parts.bundle().receipts[at].clone();
    let with = |member: &str, text: &str| {
        let mut receipt = long.clone();
        receipt["opening"][member] = text.into();
        edited(&parts, &context, |bundle| bundle["receipts"][at] = receipt)
    };
    let (salt, digest) = ("AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    worthless(&with("salt", salt), CheckName::OnLedger, "opening-invalid");
    // In the short form the entry is made with it, and that one is not in the log.
    let verification = edited(&parts, &context, |bundle| {
        bundle["receipts"][at]["opening"]["salt"] = salt.into();
    });
    worthless(&verification, CheckName::OnLedger, "inclusion-invalid");
    // An opening to something else belongs to nothing at hand.
    let verification = with("digest", digest);
    undecided(&verification, CheckName::OnLedger, "receipt-missing");
    noted(&verification, CheckName::OtherReceipt, "receipt-unrelated");
}

#[test]
fn an_entry_with_another_salt_than_the_signed_one_is_no_record() {
    let mut world = World::new(30);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    let digest = case.credential.issuance_digest();
    let scid = world.actor(ISSUER).scid().to_owned();
    let com = commitment(Kind::Issuance, &scid, &[9; 16], &digest);
    let place = world.enter(ISSUER, &Claims::Issuance { commitment: com });
    let format = inkan_ledger::DigestFormat::Di;
    case.entries.push((place, Opening::new(format, [9; 16], digest)));
    let verification = world.parts(&case).judge(&world.context());
    worthless(&verification, CheckName::OnLedger, "opening-invalid");
}

#[test]
fn a_receipt_of_something_else_is_noted_and_hurts_nobody() {
    let mut world = World::new(31);
    let case = world.issue(Format::DataIntegrity);
    let other = world.issue(Format::Jose);
    let mut parts = world.parts(&case);
    let (place, opening) = other.entries[0].clone();
    parts.receipts.push(world.ledger.receipt(place).with_opening(opening));
    let verification = parts.judge(&world.context());
    accepted(&verification);
    noted(&verification, CheckName::OtherReceipt, "receipt-unrelated");
}

#[test]
fn what_cannot_be_read_does_not_vanish() {
    let (world, _, parts) = issued(32);
    for (member, code) in [("receipts", "malformed-receipt"), ("current", "malformed-receipt")] {
        let verification = edited(&parts, &world.context(), |bundle| {
            bundle[member][0]["proof"] = "?".into();
        });
        refused(&verification, CheckName::OnLedger, code);
        assert!(verification.credentials()[0].is_none());
    }
}

#[test]
fn a_damaged_receipt_of_a_version_is_refused() {
    let (world, _, parts) = issued(33);
    let place = world.actor(ISSUER).places[0];
    let receipt = world.ledger.receipt(place);
    let at = parts.receipts.iter().position(|one| *one == receipt).expect("the issuer's");
    let verification = edited(&parts, &world.context(), |bundle| {
        let proof = bundle["receipts"][at]["proof"].as_str().expect("a proof");
        let line = proof.lines().nth(2).expect("a path").to_owned();
        let other = if line.starts_with('A') { "B" } else { "A" };
        let forged = proof.replacen(&line, &format!("{other}{}", &line[1..]), 1);
        bundle["receipts"][at]["proof"] = forged.into();
    });
    worthless(&verification, CheckName::OnLedger, "inclusion-invalid");
}

#[test]
fn a_cosignature_from_the_future_is_refused() {
    let (world, case, mut parts) = issued(34);
    let at = opened(&parts);
    let (place, opening) = case.entries[0].clone();
    let head = world.ledger.head(world.now.plus_seconds(301), 2);
    let receipt = world.ledger.log.receipt(place, &head).expect("a receipt");
    parts.receipts[at] = receipt.with_opening(opening.clone());
    worthless(&parts.judge(&world.context()), CheckName::OnLedger, "cosignature-in-future");
    let head = world.ledger.head(world.now.plus_seconds(300), 2);
    let receipt = world.ledger.log.receipt(place, &head).expect("a receipt");
    parts.receipts[at] = receipt.with_opening(opening);
    accepted(&parts.judge(&world.context()));
}

/// An issuance entry for a credential that is signed now, put into the log by an operator who looks at no rule.
fn rogue(
    world: &mut World,
    origin: &str,
    signer: impl Fn(&World, &Claims, &str, Timestamp) -> String,
) -> Parts {
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    let opening = case.opening.expect("a record");
    let scid = world.actor(ISSUER).scid().to_owned();
    let com = commitment(Kind::Issuance, &scid, &opening.salt, &opening.digest);
    let body = signer(world, &Claims::Issuance { commitment: com }, origin, world.now);
    let receipt = world.ledger.rogue(Kind::Issuance, &body, world.now);
    case.entries.clear();
    let mut parts = world.parts(&case);
    let format = inkan_ledger::DigestFormat::Di;
    let opening = Opening::new(format, opening.salt, opening.digest);
    parts.receipts.push(receipt.with_opening(opening));
    parts
}

fn entry(world: &World, claims: &Claims, method: &str, origin: &str, retired: bool) -> String {
    let issuer = world.actor(ISSUER);
    let url = DidUrl::parse(method).expect("a DID URL");
    let key = if retired { &issuer.retired[0].1 } else { &issuer.key };
    SignedEntry::sign(claims, &url, origin, key, world.now).expect("an entry")
}

#[test]
fn entries_that_no_honest_log_takes_are_refused() {
    // Signed by nobody: the operator has not the issuer's key.
    let mut world = World::new(35);
    let parts = rogue(&mut world, ORIGIN, |world, claims, origin, now| {
        let url = world.actor(ISSUER).url();
        SignedEntry::sign(claims, &url, origin, &world.actor(HOLDER).key, now).expect("an entry")
    });
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::OnLedger, "entry-signature-invalid");

    // Made out to another log.
    let parts = rogue(&mut world, "other.example", |world, claims, origin, _| {
        entry(world, claims, &world.actor(ISSUER).method(), origin, false)
    });
    worthless(&parts.judge(&world.context()), CheckName::OnLedger, "wrong-audience");

    // Signed with a key that was replaced.
    world.rotate(ISSUER);
    let parts = rogue(&mut world, ORIGIN, |world, claims, origin, _| {
        let old = format!("{}#key-1", world.actor(ISSUER).did.as_str());
        entry(world, claims, &old, origin, true)
    });
    let verification = parts.judge(&world.context());
    // The newest version may have been followed by another, which is not at hand.
    undecided(&verification, CheckName::OnLedger, "did-history-incomplete");

    // The same entry that really is accepted, for comparison.
    let parts = rogue(&mut world, ORIGIN, |world, claims, origin, _| {
        entry(world, claims, &world.actor(ISSUER).method(), origin, false)
    });
    accepted(&parts.judge(&world.context()));
}

#[test]
fn an_entry_after_the_end_of_its_signer_is_refused() {
    let mut world = World::new(36);
    world.deactivate(ISSUER);
    let parts = rogue(&mut world, ORIGIN, |world, claims, origin, _| {
        entry(world, claims, &world.actor(ISSUER).method(), origin, false)
    });
    worthless(&parts.judge(&world.context()), CheckName::OnLedger, "signer-deactivated");
}

#[test]
fn somebody_elses_entry_is_time_evidence_and_no_record_of_the_issuer() {
    let mut world = World::new(37);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.record(&mut case, clerk);
    let parts = world.parts(&case);
    undecided(&parts.judge(&world.context()), CheckName::OnLedger, "receipt-missing");
    let used = Context { receipts: Receipts::Used, ..world.context() };
    let verification = parts.judge(&used);
    let recorded = accepted(&verification).recorded().expect("time evidence");
    assert!(!recorded.is_by_signer());
    assert_eq!(passed(&verification, CheckName::OnLedger).evidence["registrant"], "other");

    // With the issuer's own beside it, that one is the record.
    world.record(&mut case, ISSUER);
    let verification = world.parts(&case).judge(&world.context());
    assert!(accepted(&verification).recorded().expect("a record").is_by_signer());
}

#[test]
fn a_registrant_of_whom_nothing_is_known_shows_nothing() {
    let mut world = World::new(38);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.record(&mut case, clerk);
    let mut parts = world.parts(&case);
    parts.drop_receipt(&world.ledger.receipt(world.actor(clerk).places[0]));
    let scid = world.actor(clerk).scid().to_owned();
    parts.did_logs.retain(|(did, _)| !did.contains(&scid));
    parts.current.retain(|one| {
        one.claimed_head().is_none_or(|leaf| !String::from_utf8_lossy(leaf.body()).contains(&scid))
    });
    undecided(&parts.judge(&world.context()), CheckName::OnLedger, "did-history-incomplete");
}

#[test]
fn the_home_of_a_signer_is_where_its_records_count() {
    let mut world = World::new(39);
    // The issuer leaves for another log; the operator keeps taking entries all the same.
    let issuer = world.actor(ISSUER);
    let mut document = Value::Null;
    inkan_did::webvh::History::verify(&issuer.did_log(9), None, world.now)
        .expect("our own log")
        .latest()
        .document()
        .value()
        .clone_into(&mut document);
    for service in document["service"].as_array_mut().expect("services") {
        service["serviceEndpoint"] = "https://other.example".into();
    }
    world.leave(ISSUER, document);
    let parts = rogue(&mut world, ORIGIN, |world, claims, origin, _| {
        entry(world, claims, &world.actor(ISSUER).method(), origin, false)
    });
    let verification = parts.judge(&world.context());
    undecided(&verification, CheckName::OnLedger, "not-home");
}

#[test]
fn a_record_that_is_younger_than_the_judged_time_did_not_exist_then() {
    let mut world = World::new(40);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    let then = world.now;
    world.sleep(86_400);
    world.record(&mut case, ISSUER);
    let parts = world.parts(&case);
    accepted(&parts.judge(&world.context()));
    let context = Context { as_of: then, ..world.context() };
    undecided(&parts.judge(&context), CheckName::OnLedger, "receipt-missing");
}

#[test]
fn a_bundle_reads_back_as_it_was_written() {
    let (_, _, parts) = issued(41);
    let bundle = Bundle::parse(&parts.to_bytes()).expect("a bundle");
    assert_eq!(bundle.to_value(), parts.bundle().to_value());
}
