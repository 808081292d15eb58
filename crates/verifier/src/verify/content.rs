//! Check 10: what a credential refers to outside itself, as far as it is at hand: schemas, and resources fixed by a digest.

use inkan_core::{json, tolerance};
use inkan_credential::integrity::{ResourceOutcome, check_related_resources};
use inkan_credential::model::{SchemaEntry, SchemaKind};
use inkan_credential::schema::{self, Evaluation, SchemaError};
use inkan_credential::sd_jwt_vc::TypeMetadata;
use inkan_credential::{ParseError, SecuredCredential};
use inkan_did::{Did, Relationship};
use serde_json::{Map, Value};

use super::record::Found;
use super::signer::{self, NoSigner};
use super::{Bench, status};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;

/// One line per schema: success, failure, or that it cannot be told.
pub(super) fn schemas(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::Schema;
    let credential = secured.credential();
    let typed = type_metadata(bench, subject, secured, checks);
    if credential.schemas().is_empty() && !typed {
        checks.push(Check::skipped(NAME, subject));
    }
    for entry in credential.schemas() {
        let found = schema_for(bench, entry, credential.issuer());
        let fixed = found.as_ref().is_ok_and(|found| found.fixed);
        let outcome = found.map(|found| schema::evaluate(credential.value(), &found.schema));
        let part = || Reason::SchemaPartlyShown { id: entry.id.clone() };
        let check = match outcome {
            // The schema is about the whole: what is kept back may be what it asks for, or what it forbids.
            Ok(Evaluation::Success | Evaluation::Failure { .. }) if !secured.shows_all() => {
                Check::unknown(NAME, subject, part(), Weight::Informative)
            }
            // The presenter chose what it was checked against; only what departs from it can be told.
            Ok(Evaluation::Success) if !fixed => {
                let reason = Reason::SchemaNotFixed { id: entry.id.clone() };
                Check::unknown(NAME, subject, reason, Weight::Informative)
            }
            Ok(Evaluation::Success) => Check::pass(NAME, subject),
            Ok(Evaluation::Failure { .. }) => Check::fail(NAME, subject, Reason::SchemaMismatch),
            Ok(Evaluation::Indeterminate(error)) => {
                Check::unknown(NAME, subject, unusable(entry, &error), Weight::Required)
            }
            Err(reason) => Check::unknown(NAME, subject, reason, Weight::Required),
        };
        checks.push(check.with("schema", entry.id.as_str()));
    }
}

/// What the type of an SD-JWT VC says of its claims, if its metadata are at hand; `false` if there is nothing to say.
///
/// Bytes that the issuer fixed must be those; metadata that are not at hand are noted, since nothing here rests on them.
fn type_metadata(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) -> bool {
    let Some(vc) = secured.sd_jwt_vc() else { return false };
    let mut next = Some((vc.vct().to_owned(), vc.vct_integrity().map(str::to_owned)));
    let mut said = false;
    for depth in 0..TypeMetadata::EXTENSIONS {
        let Some((vct, integrity)) = next.take() else { break };
        let Some(bytes) = bench.material.resources.get(&vct) else {
            if integrity.is_some() || depth > 0 {
                let reason = Reason::TypeMetadataMissing { vct };
                let weight = Weight::Informative;
                checks.push(Check::unknown(CheckName::Schema, subject, reason, weight));
                said = true;
            }
            break;
        };
        let read = TypeMetadata::parse(bytes, &vct, integrity.as_deref());
        // A type that is extended is about the claims of this credential, under another name.
        let judged = read.and_then(|metadata| metadata.check_claims(vc).map(|()| metadata));
        checks.push(match judged {
            Ok(metadata) => {
                next = metadata
                    .extends()
                    .map(|(vct, integrity)| (vct.to_owned(), integrity.map(str::to_owned)));
                let pass = Check::pass(CheckName::Schema, subject).with("type", vct);
                // Of the types that it extends it is one, and is not called so.
                match names(&metadata) {
                    names if depth == 0 && !names.is_empty() => pass.with("typeName", names),
                    _ => pass,
                }
            }
            Err(error) => {
                let reason = Reason::TypeMetadata { code: error.code() };
                Check::fail(CheckName::Schema, subject, reason).with("type", vct)
            }
        });
        said = true;
    }
    if let Some((vct, _)) = next {
        let reason = Reason::TypeMetadataMissing { vct };
        checks.push(Check::unknown(CheckName::Schema, subject, reason, Weight::Informative));
    }
    said
}

/// Most languages that a type is named in here.
const LANGUAGES: usize = 16;
/// The name of a type has at most so many characters here.
const NAME: usize = 100;

/// What people call a type, by language (BCP 47; `und` where one name is for all).
fn names(metadata: &TypeMetadata) -> Map<String, Value> {
    let display = metadata.value().get("display").and_then(Value::as_array);
    let tags = display
        .into_iter()
        .flatten()
        .filter_map(|one| json::text(one, "locale").or_else(|| json::text(one, "lang")));
    let short = |name: &str| Value::from(name.chars().take(NAME).collect::<String>());
    let spoken = tags.take(LANGUAGES).filter_map(|tag| Some((tag, metadata.name(tag)?)));
    let mut out: Map<_, _> = spoken.map(|(tag, name)| (tag.to_owned(), short(name))).collect();
    if let Some(name) = json::text(metadata.value(), "name") {
        out.insert("und".to_owned(), short(name));
    }
    out
}

/// The name among those of evidence `typeName` for people who read `language`, a BCP 47 tag; else the one for all, else any.
#[must_use]
pub fn type_name<'a>(evidence: &'a Value, language: &str) -> Option<&'a str> {
    let names = evidence.get("typeName")?.as_object()?;
    let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let same = |exact: bool| {
        let fits = |tag: &str| match exact {
            true => tag.eq_ignore_ascii_case(language),
            false => main(tag) == main(language),
        };
        names.iter().find(|(tag, _)| fits(tag)).map(|(_, name)| name)
    };
    let found = same(true).or_else(|| same(false)).or_else(|| names.get("und"));
    found.or_else(|| names.values().next())?.as_str()
}

fn unusable(entry: &SchemaEntry, error: &SchemaError) -> Reason {
    Reason::SchemaUnusable { id: entry.id.clone(), code: error.code() }
}

/// A schema, and whether the verifier or the issuer chose it.
struct Schema {
    schema: Value,
    fixed: bool,
}

/// The schema that an entry names, from what is at hand.
fn schema_for(bench: &Bench<'_>, entry: &SchemaEntry, issuer: &str) -> Result<Schema, Reason> {
    let of_verifier = !bench.material.brought.contains(&entry.id);
    let missing = || Reason::SchemaMissing { id: entry.id.clone() };
    let bytes = bench.material.resources.get(&entry.id);
    let known = bench.material.schemas.get(&entry.id);
    let parsed = known.filter(|_| entry.integrity.is_none());
    let cannot = |error: SchemaError| unusable(entry, &error);
    match &entry.kind {
        SchemaKind::Unknown(_) => Err(missing()),
        SchemaKind::JsonSchema => {
            let chosen = schema::choose(entry, bytes.map(Vec::as_slice), known).map_err(cannot)?;
            let fixed = bytes.is_some() || entry.integrity.is_some() || of_verifier;
            Ok(Schema { schema: chosen.ok_or_else(missing)?, fixed })
        }
        SchemaKind::JsonSchemaCredential => {
            let chosen = bytes.is_some() || of_verifier;
            let secured = match (bytes, parsed) {
                (Some(bytes), _) => {
                    schema::check_bytes(bytes, entry).map_err(cannot)?;
                    SecuredCredential::parse(bytes)
                }
                (None, Some(value)) => SecuredCredential::parse_value(value.clone()),
                (None, None) => return Err(missing()),
            };
            let unverified =
                |code| Reason::SchemaCredentialUnverified { id: entry.id.clone(), code };
            let secured = secured.map_err(|error: ParseError| unverified(error.code()))?;
            is_in_force(bench, &secured).map_err(|reason| unverified(reason.code()))?;
            let schema = schema::schema_in(secured.credential(), entry);
            let schema = schema.cloned().map_err(cannot)?;
            // Whoever issued the credential says what it has to fit; anybody else might have been chosen by the presenter.
            Ok(Schema { schema, fixed: chosen || secured.credential().issuer() == issuer })
        }
    }
}

/// A credential about a schema is verified as any other: its issuer's key in force, within its validity, not revoked.
fn is_in_force(bench: &Bench<'_>, secured: &SecuredCredential) -> Result<(), Reason> {
    const LINE: (CheckName, &str) = (CheckName::Schema, "");
    let credential = secured.credential();
    let as_of = bench.context.as_of;
    let not_a_did = |_| Reason::NotADid { found: credential.issuer().to_owned() };
    let issuer = Did::parse(credential.issuer()).map_err(not_a_did)?;
    let method = secured.issuer_verification_method();
    if signer::did_of(method)? != issuer {
        return Err(Reason::IssuerNotController);
    }
    let history = bench.history(&issuer)?;
    let proof = secured.prepare_issuer_proof(bench.contexts());
    let purpose = Relationship::AssertionMethod;
    let signer = signer::find(bench, &history, method, purpose, |key| proof.check(key)).map_err(
        |problem| match problem {
            NoSigner::Unlisted => Reason::MethodUnknown,
            NoSigner::TooMany => Reason::TooMuchWork,
            NoSigner::Fails(_) => Reason::CredentialProofInvalid,
        },
    )?;
    let record = Found::default();
    settled(&signer::in_force(bench, LINE, &history, &signer, &record))?;
    signer::ended_before(bench, &history, &record)?;
    let begins = [credential.valid_from(), secured.not_before(), secured.signed_at()];
    if let Some(valid_from) = begins.into_iter().flatten().max()
        && valid_from > as_of.plus_seconds(tolerance::CREDENTIAL)
    {
        return Err(Reason::NotYetValid { valid_from, as_of });
    }
    let ends = [credential.valid_until(), secured.signature_expires()];
    if let Some(valid_until) = ends.into_iter().flatten().min()
        && valid_until < as_of
    {
        return Err(Reason::Expired { valid_until, as_of });
    }
    let mut lines = Vec::new();
    status::check(bench, LINE.1, secured, &issuer, &mut lines);
    lines.iter().try_for_each(settled)
}

/// Whether a check was made and held, or was not asked for.
fn settled(check: &Check) -> Result<(), Reason> {
    match &check.outcome {
        Outcome::Pass | Outcome::Skipped => Ok(()),
        Outcome::Fail(reason) | Outcome::Unknown(reason) => Err(reason.clone()),
    }
}

/// One line per related resource. One that is at hand must be the one meant; of one that is not, nothing is said, since nothing here
/// makes use of it (VCDM §5.3).
pub(super) fn related_resources(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::RelatedResource;
    let report = check_related_resources(secured.credential(), &bench.material.resources);
    for (position, (_, outcome)) in report.into_iter().enumerate() {
        let open = |reason| Check::unknown(NAME, subject, reason, Weight::Informative);
        let check = match outcome {
            ResourceOutcome::Checked => Check::pass(NAME, subject),
            ResourceOutcome::Wrong => {
                Check::fail(NAME, subject, Reason::RelatedResourceMismatch { position })
            }
            ResourceOutcome::Missing => open(Reason::RelatedResourceMissing { position }),
            ResourceOutcome::HashUnsupported => {
                open(Reason::RelatedResourceHashUnsupported { position })
            }
        };
        checks.push(check.with("resource", position));
    }
}
