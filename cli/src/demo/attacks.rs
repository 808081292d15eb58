//! What a forger and a thief try, and must not get away with.

use inkan_core::rng::draw;
use inkan_credential::{SecuredCredential, bundle};
use inkan_did::DidUrl;
use inkan_io::keystore_file;
use inkan_io::ledger_folder::{LedgerFolder, LedgerReader};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, Profile};
use inkan_ledger::{Claims, DigestFormat, Kind, Opening, SignedEntry, commitment};
use serde_json::Value;

use super::stage::{Must, Stage, copy_folder};
use super::story::{Cast, document};
use crate::config::Config;
use crate::failure::{CliError, Failure};

/// One byte is changed in the claim, the countersignature, a receipt, a checkpoint: each is refused with its code.
pub(super) fn changed_bytes(stage: &mut Stage) -> Result<(), Failure> {
    stage.chapter("A forger changes one byte at a time");
    let cases = [
        ("claim", Must::Refuse(11, "credential-proof-invalid")),
        ("countersignature", Must::Refuse(11, "countersignature-invalid")),
        ("receipt", Must::Refuse(18, "inclusion-invalid")),
        ("checkpoint", Must::Refuse(18, "log-signature-invalid")),
    ];
    for (what, must) in cases {
        let mut forged = document(stage, "signed.json")?;
        if !forge(&mut forged, what) {
            return Err(CliError::Fault(format!("the forger found no {what}")).into());
        }
        let name = format!("forged-{what}.json");
        stage.write(&name, forged.to_string().as_bytes())?;
        let path = stage.path(&name);
        stage.step(
            &format!("a changed {what} is refused"),
            &["-p", "library", "verify", &path],
            must,
        )?;
    }
    Ok(())
}

fn forge(forged: &mut Value, what: &str) -> bool {
    match what {
        "claim" => {
            replace(forged.pointer_mut("/credential/credentialSubject/birthDate"), "1991", "1981")
        }
        "countersignature" => {
            let proofs = forged.pointer_mut("/credential/proof").and_then(Value::as_array_mut);
            let act = proofs.and_then(|proofs| {
                proofs.iter_mut().find(|proof| proof.get("countersignature").is_some())
            });
            replace(
                act.and_then(|act| act.pointer_mut("/countersignature/decision")),
                "accept",
                "seal",
            )
        }
        "receipt" => {
            let receipts = forged.get_mut("receipts").and_then(Value::as_array_mut);
            let opened =
                receipts.and_then(|all| all.iter_mut().find(|one| one.get("opening").is_some()));
            swap_line(opened.and_then(|one| one.get_mut("proof")), 2)
        }
        _ => swap_line(forged.pointer_mut("/checkpoints/0"), 2),
    }
}

fn replace(value: Option<&mut Value>, from: &str, to: &str) -> bool {
    let Some(value) = value else { return false };
    let Some(text) = value.as_str().filter(|text| text.contains(from)) else { return false };
    *value = text.replacen(from, to, 1).into();
    true
}

/// Changes the first character of a line of base64 into another one.
fn swap_line(value: Option<&mut Value>, line: usize) -> bool {
    let Some(value) = value else { return false };
    let Some(text) = value.as_str() else { return false };
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let Some(slot) = lines.get_mut(line) else { return false };
    let Some(first) = slot.chars().next() else { return false };
    let other = if first == 'A' { 'B' } else { 'A' };
    *slot = slot.replacen(first, &other.to_string(), 1);
    *value = lines.join("\n").into();
    true
}

/// A thief copies the city's keystore, passphrase and all, before the rotation.
pub(super) fn copy_keystore(stage: &mut Stage) -> Result<(), Failure> {
    let data = stage.folders().data.clone();
    copy_folder(&data.join("city"), &data.join("thief"))?;
    let mut config = Config::load(stage.folders())?;
    if let Some(city) = config.profiles.get("city").cloned() {
        config.profiles.insert("thief".to_owned(), city);
    }
    config.save(stage.folders())
}

/// After the rotation the thief signs with the old key, in three ways.
pub(super) fn old_key(stage: &mut Stage, cast: &Cast) -> Result<(), Failure> {
    stage.chapter("A thief has the old key");
    let claims = stage.path("claims.json");
    let issue = [
        "-p",
        "thief",
        "issue",
        "ResidentCertificate",
        "--from",
        "city",
        "--to",
        &cast.hanako,
        "--claims",
        &claims,
        "--no-status",
    ];
    stage.step(
        "the ledger refuses the old key's entries",
        &issue,
        Must::Refuse(9, "key-not-authorized"),
    )?;
    let stolen = stage.path("stolen.json");
    let mut unrecorded = issue.to_vec();
    unrecorded.extend(["--no-ledger", "--out", &stolen]);
    stage.step("so the thief signs without recording it", &unrecorded, Must::Hold)?;
    stage.step(
        "nothing shows that it was signed before the rotation: not accepted",
        &["-p", "library", "verify", &stolen],
        Must::Refuse(19, "receipt-needed"),
    )?;
    time_stamp(stage)?;
    stage.step(
        "a record under the thief's own DID only proves that it came too late",
        &["-p", "library", "verify", &stage.path("stamped.json")],
        Must::Refuse(17, "key-not-in-force"),
    )?;
    Ok(())
}

/// Has another DID record the stolen credential, and puts the receipt into its bundle.
fn time_stamp(stage: &mut Stage) -> Result<(), Failure> {
    let fault = |text: &str| Failure::from(CliError::Fault(text.to_owned()));
    let mut bundle = bundle::read_any(&stage.read("stolen.json")?)?.into_bundle();
    let digest = bundle.artefact.credentials().first().map(SecuredCredential::issuance_digest);
    let digest = digest.ok_or_else(|| fault("no credential"))?;
    let folder = stage.folders().data.join("hanako");
    let profile = Profile::open(&folder, "hanako")?;
    let own: OwnDid = profile.find("me")?.ok_or_else(|| fault("no DID"))?;
    let key = own.keys.first().ok_or_else(|| fault("no key"))?;
    let passphrase = inkan_core::SecretBytes::new(stage.read("pass")?);
    let keys = keystore_file::open(&profile.keystore(), &passphrase)?;
    let secret = keys.get(&key.key).ok_or_else(|| fault("no key"))?;
    let method = DidUrl::parse(&own.method_url(key))?;
    let scid = method.did().scid().ok_or_else(|| fault("no SCID"))?.to_owned();
    let opening = Opening::new(DigestFormat::Di, draw(&mut OsRng), digest);
    let now = stage.now();
    let path = std::path::PathBuf::from(stage.path("ledger"));
    let index = {
        let mut ledger = LedgerFolder::open(&path, now)?;
        let claims = Claims::Issuance {
            commitment: commitment(Kind::Issuance, &scid, &opening.salt, &digest),
        };
        let origin = ledger.reader().origin().to_owned();
        let entry = SignedEntry::sign(&claims, &method, &origin, secret, now)?;
        let accepted = ledger.submit(Kind::Issuance, entry.as_bytes(), now)?;
        ledger.checkpoint(now)?;
        accepted.leaf_index
    };
    let reader = LedgerReader::open(&path)?;
    let view = reader.view_at(None)?.ok_or_else(|| fault("no checkpoint"))?;
    let receipt = view.receipt(index)?.with_opening(opening);
    bundle.receipts.push(receipt.to_bundle_value(&mut bundle.checkpoints));
    stage.write("stamped.json", bundle.to_value().to_string().as_bytes())?;
    stage.show("somebody else has the ledger record it");
    Ok(())
}
