//! The script: a city certifies a resident, the resident countersigns, a library decides, and then things go wrong.

use inkan_core::json as strict;
use serde_json::Value;

use super::attacks;
use super::stage::{DAY, Must, Played, Stage};
use crate::failure::{CliError, Failure};
use crate::render::ladder;
use crate::render::report::refusal;

const CLAIMS: &[u8] = include_bytes!("../../../fixtures/resident-certificate/claims.json");
const EVIDENCE: &[u8] = include_bytes!("../../../fixtures/resident-certificate/evidence.json");
const SCHEMA: &[u8] = include_bytes!("../../../fixtures/resident-certificate/schema.json");
const COURSE: &[u8] = include_bytes!("../../../fixtures/course-completion/claims.json");
const COURSE_EVIDENCE: &[u8] = include_bytes!("../../../fixtures/course-completion/evidence.json");

/// The verifier's audience.
const AUD: &str = "https://library.example";

/// The DIDs of the story.
pub(super) struct Cast {
    pub(super) city: String,
    pub(super) hanako: String,
}

/// Tells it from the first key to the last withdrawal.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failure> {
    for (name, bytes) in [
        ("claims.json", CLAIMS),
        ("evidence.json", EVIDENCE),
        ("schema.json", SCHEMA),
        ("course.json", COURSE),
        ("course-evidence.json", COURSE_EVIDENCE),
    ] {
        stage.write(name, bytes)?;
    }
    stage.show(
        "A city, a resident and a library, one ledger in a folder, two witnesses in this process.",
    );
    stage.show("The clock is injected and steps through days; nothing leaves this machine.");
    let cast = register(stage)?;
    issue(stage, &cast)?;
    present(stage, &cast)?;
    attacks::changed_bytes(stage)?;
    rotate(stage, &cast)?;
    revoke(stage)?;
    withdraw(stage, &cast)
}

fn register(stage: &mut Stage) -> Result<Cast, Failure> {
    stage.chapter("Everybody makes keys and registers a DID");
    let ledger = stage.path("ledger");
    let next = stage.path("next");
    let init = |name, role| {
        ["init", name, "--role", role, "--ledger", &ledger, "--domain", "ledger.example"]
    };
    let made =
        "the city has a profile, and the ledger its log and two witnesses with keys of their own";
    stage.step(made, &init("city", "issuer"), Must::Hold)?;
    stage.step("the resident has a profile", &init("hanako", "holder"), Must::Hold)?;
    stage.step("the library has a profile", &init("library", "verifier"), Must::Hold)?;
    stage.step(
        "the city makes a signing key",
        &["-p", "city", "key", "generate", "seal-2026"],
        Must::Hold,
    )?;
    let city = stage.step(
        "the city's DID is on the ledger; the key that may change it next is committed to, and sealed apart",
        &["-p", "city", "did", "create", "--key", "seal-2026", "--name", "city", "--next-passphrase-file", &next],
        Must::Hold,
    )?;
    let hanako = stage.step(
        "the resident's DID is on the ledger",
        &["-p", "hanako", "did", "create", "--name", "me", "--next-passphrase-file", &next],
        Must::Hold,
    )?;
    Ok(Cast { city: did_of(&city)?, hanako: did_of(&hanako)? })
}

fn did_of(played: &Played) -> Result<String, Failure> {
    let did = played.answer.get("did").and_then(Value::as_str).map(str::to_owned);
    did.ok_or_else(|| CliError::Fault(format!("no DID was made: {}", played.human)).into())
}

fn issue(stage: &mut Stage, cast: &Cast) -> Result<(), Failure> {
    stage.pass_time(DAY);
    stage.chapter("The city certifies the resident");
    let (claims, evidence) = (stage.path("claims.json"), stage.path("evidence.json"));
    let (schema, out) = (stage.path("schema.json"), stage.path("cert.json"));
    stage.step(
        "a VCDM 2.0 credential with the evidence of who was checked how; a salted commitment is on the ledger",
        &[
            "-p", "city", "issue", "ResidentCertificate", "--from", "city", "--to", &cast.hanako, "--claims",
            &claims, "--evidence", &evidence, "--schema", &schema, "--expect-ial", "2", "--valid-for", "730d",
            "--out", &out,
        ],
        Must::Hold,
    )?;
    stage.pass_time(4 * DAY);
    stage.chapter("The resident countersigns");
    let signed = stage.path("signed.json");
    stage.step(
        "her acceptance is bound to exactly this credential, and recorded",
        &["-p", "hanako", "countersign", &out, "--as", "me", "--role", "holder", "--out", &signed],
        Must::Hold,
    )?;
    Ok(())
}

fn present(stage: &mut Stage, cast: &Cast) -> Result<(), Failure> {
    stage.pass_time(30 * DAY);
    stage.chapter("A library asks, and decides");
    stage.step(
        "the library trusts the city to issue these, on this kind of evidence",
        &[
            "-p",
            "library",
            "trust",
            "add",
            &cast.city,
            "--issues",
            "ResidentCertificate",
            "--issues",
            "CourseCompletionCertificate",
            "--role",
            "attribute_issuer",
            "--rows",
            "R7",
            "--from",
            "2025-01-01T00:00:00Z",
        ],
        Must::Hold,
    )?;
    let pinned = stage.path("profiles/library/schemas/resident-certificate.json");
    stage.pin_schema("library", SCHEMA)?;
    stage.show(&format!(
        "it pins the city's schema, as a file in its profile: {}",
        stage.short(&pinned)
    ));
    for (name, ial) in [("card", "2"), ("vault", "3")] {
        stage.step(
            &format!("policy {name}: IAL-{ial}, AAL-1, the holder's countersignature, time witnessed by two"),
            &[
                "-p", "library", "policy", "new", name, "--min-ial", ial, "--min-aal", "1", "--countersigned",
                "holder", "--time", "witnessed:2",
            ],
            Must::Hold,
        )?;
    }
    stage.step(
        "without a presenter the policy is not met: a copy of a file is nobody",
        &["-p", "library", "verify", &stage.path("signed.json"), "--policy", "card"],
        Must::Refuse(15, "holder-proof-missing"),
    )?;
    presentation(stage, "signed.json", "vp.json", "card")?;
    let vp = stage.path("vp.json");
    let accepted = stage.step(
        "ACCEPTED: authentic, recorded, witnessed, countersigned, presented to us",
        &["-p", "library", "verify", &vp, "--policy", "card", "--explain"],
        Must::Hold,
    )?;
    stage.show(&accepted.human);
    stage.step(
        "the same presentation again is refused: its nonce is used",
        &["-p", "library", "verify", &vp, "--policy", "card"],
        Must::Refuse(16, "nonce-invalid"),
    )?;
    presentation(stage, "signed.json", "vp-vault.json", "vault")?;
    let refused = stage.step(
        "refused under IAL-3, with what is missing and what would help",
        &["-p", "library", "verify", &stage.path("vp-vault.json"), "--policy", "vault"],
        Must::Refuse(15, "ial-below-requirement"),
    )?;
    ladders(stage, &refused);
    explain(stage, &refused, "vp-vault.json");
    Ok(())
}

/// Asks for a nonce, and has the resident present `credential` to it.
fn presentation(
    stage: &mut Stage,
    credential: &str,
    out: &str,
    policy: &str,
) -> Result<(), Failure> {
    let asked =
        stage.play(&["-p", "library", "request", "nonce", "--aud", AUD, "--policy", policy])?;
    let nonce = asked.answer.get("nonce").and_then(Value::as_str).unwrap_or_default().to_owned();
    stage.pass_time(20);
    let (credential, out) = (stage.path(credential), stage.path(out));
    stage.step(
        "she answers the library's nonce with her key",
        &[
            "-p",
            "hanako",
            "present",
            "--cred",
            &credential,
            "--as",
            "me",
            "--aud",
            AUD,
            "--nonce",
            &nonce,
            "--out",
            &out,
        ],
        Must::Hold,
    )?;
    stage.pass_time(5);
    Ok(())
}

/// A refusal as a person sees it: the verdict, and what would help.
fn explain(stage: &Stage, refused: &Played, file: &str) {
    stage.show(&refused.human);
    if let Some(help) = refusal(&refused.answer, file) {
        stage.show(&help);
    }
}

/// The assurance ladders of a report.
fn ladders(stage: &Stage, played: &Played) {
    for ladder in ladder::of_report(&played.answer) {
        stage.show(&ladder.text());
    }
}

fn rotate(stage: &mut Stage, cast: &Cast) -> Result<(), Failure> {
    attacks::copy_keystore(stage)?;
    stage.pass_time(150 * DAY);
    stage.chapter("The city rotates its key, as planned");
    stage.step("a new signing key", &["-p", "city", "key", "generate", "seal-2027"], Must::Hold)?;
    let next = stage.path("next");
    stage.step(
        "the pre-committed key puts it in force",
        &[
            "-p",
            "city",
            "did",
            "rotate",
            "city",
            "--key",
            "seal-2027",
            "--reason",
            "scheduled",
            "--next-passphrase-file",
            &next,
        ],
        Must::Hold,
    )?;
    let history = stage.step(
        "which key could sign when",
        &["-p", "library", "did", "history", &cast.city, "--graph"],
        Must::Hold,
    )?;
    stage.show(&history.human);
    stage.pass_time(DAY);
    let signed = stage.path("signed.json");
    let nowhere = stage.path("no-ledger-here");
    stage.step(
        "the old credential still verifies, from the bundle alone, with no ledger at hand",
        &["-p", "library", "--ledger", &nowhere, "verify", &signed, "--offline"],
        Must::Hold,
    )?;
    let bare = stage.play(&["-p", "hanako", "cred", "show", &signed, "--bare"])?;
    stage.write("bare.json", bare.human.as_bytes())?;
    let old = stage.step(
        "and bare, as any wallet holds it: its ledgerRecord finds the receipt",
        &["-p", "library", "verify", &stage.path("bare.json"), "--explain"],
        Must::Hold,
    )?;
    let key = key_line(&old);
    stage.show(&key);
    presentation(stage, "signed.json", "vp2.json", "card")?;
    stage.step(
        "and under the library's policy",
        &["-p", "library", "verify", &stage.path("vp2.json"), "--policy", "card"],
        Must::Hold,
    )?;
    attacks::old_key(stage, cast)
}

/// The line of an explained verdict that says which key was in force.
fn key_line(played: &Played) -> String {
    played
        .human
        .lines()
        .find(|line| line.contains("key in force"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn revoke(stage: &mut Stage) -> Result<(), Failure> {
    stage.pass_time(20 * DAY);
    let before = stage.now().to_string();
    stage.pass_time(DAY);
    stage.chapter("The resident moves away, and the city revokes");
    let (cert, signed) = (stage.path("cert.json"), stage.path("signed.json"));
    stage.step(
        "the status list has a new head on the ledger",
        &["-p", "city", "revoke", &cert, "--reason", "moved-away", "--yes"],
        Must::Hold,
    )?;
    stage.pass_time(60);
    let refused = stage.step(
        "refused, although the bundle in hand is older than the revocation",
        &["-p", "library", "verify", &signed],
        Must::Refuse(12, "credential-revoked"),
    )?;
    explain(stage, &refused, "signed.json");
    stage.step(
        "as of the day before, it is accepted",
        &["-p", "library", "verify", &signed, "--at", &before],
        Must::Hold,
    )?;
    Ok(())
}

fn withdraw(stage: &mut Stage, cast: &Cast) -> Result<(), Failure> {
    stage.pass_time(DAY);
    stage.chapter("Another credential, and a countersignature that is taken back");
    let (claims, evidence) = (stage.path("course.json"), stage.path("course-evidence.json"));
    let (course, signed) = (stage.path("course-cert.json"), stage.path("course-signed.json"));
    stage.step(
        "a course completion certificate, signed with the new key",
        &[
            "-p",
            "city",
            "issue",
            "CourseCompletionCertificate",
            "--from",
            "city",
            "--to",
            &cast.hanako,
            "--claims",
            &claims,
            "--evidence",
            &evidence,
            "--out",
            &course,
        ],
        Must::Hold,
    )?;
    stage.step(
        "she accepts it",
        &["-p", "hanako", "countersign", &course, "--as", "me", "--out", &signed],
        Must::Hold,
    )?;
    presentation(stage, "course-signed.json", "vp3.json", "card")?;
    stage.step(
        "accepted",
        &["-p", "library", "verify", &stage.path("vp3.json"), "--policy", "card"],
        Must::Hold,
    )?;
    stage.pass_time(DAY);
    stage.step(
        "she withdraws; the act's newest state is on the ledger",
        &[
            "-p",
            "hanako",
            "refuse",
            &signed,
            "--as",
            "me",
            "--out",
            &stage.path("withdrawn.json"),
            "--yes",
        ],
        Must::Hold,
    )?;
    presentation(stage, "course-signed.json", "vp4.json", "card")?;
    stage.step(
        "the older acceptance no longer helps: the ledger proves a newer state",
        &["-p", "library", "verify", &stage.path("vp4.json"), "--policy", "card"],
        Must::Refuse(16, "act-superseded"),
    )?;
    Ok(())
}

/// A JSON document of the story.
pub(super) fn document(stage: &Stage, name: &str) -> Result<Value, Failure> {
    let bytes = stage.read(name)?;
    strict::parse(&bytes, bytes.len())
        .map_err(|error| CliError::Fault(format!("{name}: {error}")).into())
}
