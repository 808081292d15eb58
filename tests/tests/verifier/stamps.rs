//! Timestamps over items of a bundle: what they show, how long, and where they contradict other clocks.
//!
//! The tokens here are made of text by a checker of the tests, so that authorities may be wrong and certificates end when a test wants
//! it; that real tokens are checked is tested where that is done.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::{Digest, Timestamp, sha256};
use inkan_credential::Format;
use inkan_credential::bundle::{Bundle, BundleTimestamp, Cover, CoverKind};
use inkan_io::gather::from_bundle;
use inkan_ledger::{Grade, StampInterval, TimestampChecker};
use inkan_tests::world::{Case, ISSUER, Order, World};
use inkan_verifier::{CheckName, Context, Outcome, Receipts, Verification, verify};

use super::expect::{accepted, noted, open, passed, refused, undecided};

const DAY: i64 = 86_400;

/// Authorities that are pinned, by name.
#[derive(Debug)]
pub(super) struct Authorities(pub(super) &'static [&'static str]);

impl TimestampChecker for Authorities {
    fn can_check(&self, _: &Digest, _: &[u8]) -> bool {
        true
    }

    fn check(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str> {
        let text = std::str::from_utf8(token).map_err(|_| "timestamp-malformed")?;
        let parts: Vec<&str> = text.split('|').collect();
        let [name, at, _, over] = parts[..] else { return Err("timestamp-malformed") };
        if sha256(&[name.as_bytes()]) != *anchor {
            return Err("timestamp-path-invalid");
        }
        if over != imprint.to_hex() {
            return Err("timestamp-imprint-mismatch");
        }
        Ok(StampInterval::at(Timestamp::parse(at).unwrap()))
    }

    fn pinned(&self) -> Vec<(String, Digest)> {
        self.0.iter().map(|name| ((*name).to_owned(), sha256(&[name.as_bytes()]))).collect()
    }

    /// Those whose names begin alike up to a hyphen are one.
    fn behind(&self, tokens: &[&[u8]]) -> Vec<BTreeSet<String>> {
        let family = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
        let own = |token: &[u8]| {
            let text = std::str::from_utf8(token).unwrap();
            family(text.split('|').next().unwrap())
        };
        let named = |own: String| {
            let kin = self.0.iter().filter(|name| family(name) == own);
            kin.map(|name| (*name).to_owned()).collect()
        };
        tokens.iter().map(|token| named(own(token))).collect()
    }

    fn check_until(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
        until: Timestamp,
    ) -> Result<StampInterval, &'static str> {
        let stamp = self.check(anchor, token, imprint)?;
        let end = std::str::from_utf8(token).unwrap().split('|').nth(2).unwrap();
        let ended = Timestamp::parse(end).unwrap() < until;
        if ended { Err("timestamp-outlived") } else { Ok(stamp) }
    }
}

/// A stamp of `name` made `at`, whose certificates are good for so many days.
pub(super) fn stamp(
    covers: &BTreeSet<Cover>,
    name: &str,
    at: Timestamp,
    days: i64,
) -> BundleTimestamp {
    let imprint = sha256(&[&BundleTimestamp::statement_of(covers)]).to_hex();
    let end = at.plus_seconds(days * DAY);
    BundleTimestamp::new(covers.clone(), format!("{name}|{at}|{end}|{imprint}").into_bytes())
}

fn context(world: &World, grade: Grade) -> Context {
    let timestamps: Arc<dyn TimestampChecker> = Arc::new(Authorities(&["one", "two"]));
    Context { receipts: Receipts::Used, grade, timestamps: Some(timestamps), ..world.context() }
}

/// Judges the file that the bundle makes.
fn judge(bundle: &Bundle, context: &Context) -> Verification {
    let text = bundle.to_value().to_string();
    let bundle = Bundle::parse(text.as_bytes()).expect("a bundle");
    verify(&bundle, &from_bundle(&bundle), context)
}

/// A credential for ten years that names no status list, whose own time would be judged by the same grade.
fn lasting(format: Format) -> Order {
    Order { status: false, ends_in: 3_650 * DAY, ..Order::of(format) }
}

/// A credential without a record, signed by a key that is replaced two days later; what was stamped in between.
fn replaced(format: Format, names: &[&str]) -> (World, Case, Vec<BundleTimestamp>) {
    let mut world = World::new(400);
    let mut order = lasting(format);
    order.ledger = false;
    let case = world.draw_up(&order);
    world.sleep(DAY);
    let items = world.parts(&case).bundle().signed_items();
    let stamps = names.iter().map(|name| stamp(&items, name, world.now, 3_650)).collect();
    world.sleep(DAY);
    world.rotate(ISSUER);
    (world, case, stamps)
}

fn stamped(world: &World, case: &Case, stamps: Vec<BundleTimestamp>) -> Bundle {
    let mut bundle = world.parts(case).bundle();
    bundle.timestamps = stamps;
    bundle
}

#[test]
fn a_stamp_shows_that_a_replaced_key_signed_in_its_time() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let (world, case, stamps) = replaced(format, &["one"]);
        let without = stamped(&world, &case, vec![]);
        let terms = context(&world, Grade::Tsa);
        undecided(&judge(&without, &terms), CheckName::KeyInForce, "receipt-needed");
        let bundle = stamped(&world, &case, stamps);
        let verification = judge(&bundle, &terms);
        accepted(&verification);
        let line = passed(&verification, CheckName::KeyInForce);
        assert_eq!(
            (&line.evidence["record"], &line.evidence["version"]),
            (&"timestamp".into(), &1.into())
        );
        let time = passed(&verification, CheckName::Time);
        assert_eq!(time.evidence["grade"], "witnessed 1, tsa");
        assert_eq!(passed(&verification, CheckName::Timestamp).evidence["authority"], "one");
        // Nobody who pinned no authority is told anything by it.
        let nobody = Context { timestamps: None, ..terms.clone() };
        undecided(&judge(&bundle, &nobody), CheckName::KeyInForce, "receipt-needed");
        let other: Arc<dyn TimestampChecker> = Arc::new(Authorities(&["three"]));
        let other = Context { timestamps: Some(other), ..terms };
        let verification = judge(&bundle, &other);
        undecided(&verification, CheckName::KeyInForce, "receipt-needed");
        noted(&verification, CheckName::Timestamp, "timestamp-path-invalid");
    }
}

#[test]
fn one_authority_is_one_operator_however_often_it_stamps() {
    let (world, case, stamps) = replaced(Format::DataIntegrity, &["one", "one"]);
    let asked = context(&world, Grade::Witnessed(2));
    let bundle = stamped(&world, &case, stamps);
    undecided(&judge(&bundle, &asked), CheckName::KeyInForce, "time-grade-too-low");
    let (world, case, stamps) = replaced(Format::DataIntegrity, &["one", "two"]);
    accepted(&judge(&stamped(&world, &case, stamps), &asked));
}

#[test]
fn one_authority_is_one_operator_under_all_its_names() {
    let pinned: Arc<dyn TimestampChecker> = Arc::new(Authorities(&["one-root", "one-sub", "two"]));
    for (names, counts) in [(["one-root", "one-sub"], false), (["one-sub", "two"], true)] {
        let (world, case, stamps) = replaced(Format::DataIntegrity, &names);
        let asked = context(&world, Grade::Witnessed(2));
        let asked = Context { timestamps: Some(Arc::clone(&pinned)), ..asked };
        let verification = judge(&stamped(&world, &case, stamps), &asked);
        if counts {
            accepted(&verification);
        } else {
            undecided(&verification, CheckName::KeyInForce, "time-grade-too-low");
        }
        let lines = verification.checks().iter().filter(|one| one.name == CheckName::Timestamp);
        let counted: Vec<_> = lines.filter_map(|one| one.evidence.get("countedAs")).collect();
        assert_eq!(counted, ["one-root"]);
    }
}

#[test]
fn a_stamp_of_nobody_who_is_known_or_of_a_kind_that_is_not_refuses_nothing() {
    let mut world = World::new(403);
    let case = world.issue(Format::DataIntegrity);
    world.sleep(DAY);
    let items = world.parts(&case).bundle().signed_items();
    let unknown = BundleTimestamp::new(items.clone(), vec![0xff]);
    let verification =
        judge(&stamped(&world, &case, vec![unknown]), &context(&world, Grade::Operator));
    accepted(&verification);
    noted(&verification, CheckName::Timestamp, "timestamp-malformed");
}

#[test]
fn a_stamp_after_or_near_the_rotation_shows_nothing() {
    let (world, case, _) = replaced(Format::DataIntegrity, &[]);
    let items = world.parts(&case).bundle().signed_items();
    let terms = context(&world, Grade::Tsa);
    // The rotation was just now: within what clocks may differ, and before.
    for seconds in [0, -100, -250] {
        let late = stamp(&items, "one", world.now.plus_seconds(seconds), 3_650);
        let bundle = stamped(&world, &case, vec![late]);
        undecided(&judge(&bundle, &terms), CheckName::KeyInForce, "receipt-needed");
    }
    let early = stamp(&items, "one", world.now.plus_seconds(-3_600), 3_650);
    accepted(&judge(&stamped(&world, &case, vec![early]), &terms));
    // Before the credential says that it was signed: one of the two clocks is wrong.
    let impossible = stamp(&items, "one", world.now.plus_seconds(-30 * DAY), 3_650);
    let verification = judge(&stamped(&world, &case, vec![impossible]), &terms);
    noted(&verification, CheckName::Timestamp, "times-disagree");
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn as_of_a_time_only_what_was_stamped_by_then_counts() {
    let (mut world, case, mut stamps) = replaced(Format::DataIntegrity, &["one"]);
    let items = world.parts(&case).bundle().signed_items();
    world.sleep(DAY);
    stamps.push(stamp(&items, "two", world.now, 3_650));
    world.sleep(DAY);
    let terms = context(&world, Grade::Tsa);
    let bundle = stamped(&world, &case, stamps.split_off(1));
    let before = Context { as_of: world.now.plus_seconds(-2 * DAY - 3_600), ..terms.clone() };
    let verification = judge(&bundle, &before);
    assert!(
        verification
            .checks()
            .iter()
            .any(|check| { check.name == CheckName::Time && check.outcome == Outcome::Skipped })
    );
    assert_eq!(passed(&judge(&bundle, &terms), CheckName::Timestamp).evidence["authority"], "two");
}

#[test]
fn a_stamp_that_is_none_is_refused_and_takes_all_with_it() {
    let (world, case, stamps) = replaced(Format::DataIntegrity, &["one"]);
    let terms = context(&world, Grade::Tsa);
    // Its token is over the credential alone.
    let mut covers = stamps[0].covers().clone();
    covers.insert(Cover::of(CoverKind::Evidence, &[b"more"]));
    let widened = BundleTimestamp::new(covers, stamps[0].token().to_vec());
    let bundle = stamped(&world, &case, vec![widened]);
    refused(&judge(&bundle, &terms), CheckName::Timestamp, "timestamp-imprint-mismatch");
    // A stamp over something else says nothing of the credential.
    let elsewhere: BTreeSet<Cover> = [Cover::of(CoverKind::Credential, &[b"another"])].into();
    let other = stamp(&elsewhere, "one", world.now.plus_seconds(-DAY), 3_650);
    let verification = judge(&stamped(&world, &case, vec![other]), &terms);
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn a_stamp_is_renewed_by_a_newer_one_over_it_made_in_its_time() {
    let (mut world, case, stamps) = replaced(Format::DataIntegrity, &[]);
    assert!(stamps.is_empty());
    let items = world.parts(&case).bundle().signed_items();
    let first = stamp(&items, "one", world.now.plus_seconds(-DAY), 30);
    world.sleep(20 * DAY);
    let mut bundle = stamped(&world, &case, vec![first]);
    let second = stamp(&bundle.items(), "two", world.now, 60);
    let too_late = stamp(&bundle.items(), "two", world.now.plus_seconds(15 * DAY), 60);
    // One that is over the credential again, and not over the older stamp, renews nothing.
    let beside = stamp(&items, "two", world.now, 60);
    world.sleep(30 * DAY);
    let terms = context(&world, Grade::Tsa);
    noted(&judge(&bundle, &terms), CheckName::Timestamp, "timestamp-outlived");
    undecided(&judge(&bundle, &terms), CheckName::KeyInForce, "receipt-needed");
    for unfit in [too_late, beside] {
        let mut bundle = bundle.clone();
        bundle.timestamps.push(unfit);
        undecided(&judge(&bundle, &terms), CheckName::KeyInForce, "receipt-needed");
    }
    bundle.timestamps.push(second);
    let verification = judge(&bundle, &terms);
    accepted(&verification);
    let first = passed(&verification, CheckName::Timestamp);
    assert_eq!((first.subject.as_str(), &first.evidence["renewedBy"]), ("timestamp[0]", &1.into()));
    // And so on: a third one over both, before the second has ended.
    let third = stamp(&bundle.items(), "one", world.now, 3_650);
    bundle.timestamps.push(third);
    world.sleep(900 * DAY);
    let later = context(&world, Grade::Tsa);
    accepted(&judge(&bundle, &later));
    // Take one link out, and the older ones show nothing.
    let mut broken = bundle.clone();
    broken.timestamps.remove(1);
    undecided(&judge(&broken, &later), CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn a_stamp_over_a_receipt_that_is_older_than_the_receipt_is_told_and_not_believed() {
    let mut world = World::new(401);
    let case = world.issue(Format::DataIntegrity);
    world.sleep(DAY);
    let mut bundle = world.parts(&case).bundle();
    let terms = context(&world, Grade::Operator);
    let items = bundle.items();
    bundle.timestamps = vec![stamp(&items, "one", world.now, 3_650)];
    accepted(&judge(&bundle, &terms));
    bundle.timestamps = vec![stamp(&items, "one", world.now.plus_seconds(-2 * DAY), 3_650)];
    open(&judge(&bundle, &terms), CheckName::Timestamp, "times-disagree");
    // Over the credential alone it may be older than the record: then it was signed before, and recorded later.
    bundle.timestamps = vec![stamp(&bundle.signed_items(), "one", world.now, 3_650)];
    accepted(&judge(&bundle, &terms));
}

#[test]
fn stamps_raise_the_grade_of_a_record() {
    let mut world = World::new(402);
    let mut case = world.draw_up(&lasting(Format::DataIntegrity));
    world.record(&mut case, ISSUER);
    world.sleep(3_600);
    let mut bundle = world.parts(&case).bundle();
    let terms = context(&world, Grade::Tsa);
    noted(&judge(&bundle, &terms), CheckName::Time, "time-grade-too-low");
    bundle.timestamps = vec![stamp(&bundle.items(), "one", world.now, 3_650)];
    let verification = judge(&bundle, &terms);
    let time = passed(&verification, CheckName::Time);
    assert_eq!(time.evidence["grade"], "witnessed 3, tsa");
    assert_eq!(time.evidence["existedBy"], world.now.to_string());
    // Also for a key that was replaced since: before it, the record's time is not of that grade.
    world.sleep(DAY);
    world.rotate(ISSUER);
    let mut later = world.parts(&case).bundle();
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..context(&world, Grade::Tsa) };
    super::expect::worthless(&judge(&later, &bare), CheckName::KeyInForce, "time-grade-too-low");
    later.timestamps = bundle.timestamps;
    accepted(&judge(&later, &bare));
}
