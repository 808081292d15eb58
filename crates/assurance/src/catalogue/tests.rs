use inkan_evidence::model::DocumentIssuer;

use super::{BUILTIN, Catalogue, CertificateUse, Class, Strength};
use crate::testing::at;

fn catalogue() -> Catalogue {
    Catalogue::builtin().unwrap()
}

#[test]
fn the_built_in_catalogue_says_what_the_specification_says() {
    use Class::{ElectronicallyVerifiable as Ev, IssuerGuaranteed as Ig, SelfAsserted as Own};
    use Strength::{Fair, Strong, Superior};
    let table = [
        ("jp_individual_number_card", Some(Ig), Some(Ev), true, Some(Strong), Some(Superior)),
        ("jp_drivers_license", Some(Ig), Some(Ig), true, Some(Strong), Some(Superior)),
        ("passport", Some(Ig), Some(Ig), true, Some(Strong), Some(Superior)),
        ("jp_health_insurance_card", Some(Ig), Some(Ig), false, Some(Fair), Some(Fair)),
        ("jp_card_substitute_record", None, Some(Ev), true, None, Some(Superior)),
        ("jpki_certificate", None, Some(Ev), false, None, Some(Superior)),
        // Of organisations: a signature shows them, and no strength of a person's evidence is theirs.
        ("office_seal", None, None, false, None, None),
        ("company_certificate", None, None, false, None, None),
        ("email", Some(Own), Some(Own), false, None, None),
    ];
    let catalogue = catalogue();
    assert_eq!(catalogue.documents().count(), table.len());
    for (name, seen, chip, portrait, strength_seen, strength_chip) in table {
        let document = catalogue.document(name, None, at("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!((document.class_seen(), document.class_by_chip()), (seen, chip), "{name}");
        assert_eq!(document.has_portrait(), portrait, "{name}");
        assert_eq!(
            (document.strength(false), document.strength(true)),
            (strength_seen, strength_chip)
        );
        assert!(document.title("ja").is_some() && document.title("en").is_some());
    }
}

#[test]
fn an_issuer_or_a_time_outside_the_entry_makes_the_type_unknown() {
    let in_2026 = at("2026-01-01T00:00:00Z");
    let issuer = |country: &str| DocumentIssuer {
        country: Some(country.to_owned()),
        ..DocumentIssuer::default()
    };
    let known = |country| {
        catalogue().document("jp_drivers_license", Some(&issuer(country)), in_2026).is_some()
    };
    assert!(known("JP") && known("JPN") && !known("FR"));
    let text = BUILTIN.replace(
        "\"issuedBy\": \"self\"",
        "\"issuedBy\": \"self\", \"used\": {\"until\": \"2025-12-31\"}",
    );
    let ended = Catalogue::parse(text.as_bytes()).unwrap();
    assert!(ended.document("email", None, at("2025-12-31T23:59:59Z")).is_some());
    assert!(ended.document("email", None, in_2026).is_none());
    assert_ne!(ended.digest(), catalogue().digest());
}

#[test]
fn certificate_policies_are_configuration() {
    let catalogue = catalogue();
    assert_eq!(catalogue.certificate_use("1.2.392.200149.8.5.1.1.20"), CertificateUse::Signing);
    assert_eq!(
        catalogue.certificate_use("1.2.392.200149.8.5.1.3.30"),
        CertificateUse::UserAuthentication
    );
    assert_eq!(catalogue.certificate_use("1.2.3"), CertificateUse::Unknown);
}

#[test]
fn a_catalogue_with_an_unknown_member_is_refused() {
    let text =
        BUILTIN.replacen("\"portrait\": true", "\"portrait\": true, \"strength\": \"SUPERIOR\"", 1);
    assert_eq!(Catalogue::parse(text.as_bytes()).unwrap_err().code(), "catalogue-malformed");
    assert_eq!(Catalogue::parse(b"{}").unwrap_err().code(), "catalogue-malformed");
}

/// The catalogue with a period and issuers of a licence.
fn licence(change: impl FnOnce(&mut serde_json::Value)) -> Catalogue {
    let mut file: serde_json::Value = serde_json::from_str(BUILTIN).unwrap();
    change(&mut file["documents"]["jp_drivers_license"]);
    Catalogue::parse(file.to_string().as_bytes()).unwrap()
}

#[test]
fn a_type_is_known_in_its_period_and_from_its_issuers() {
    use serde_json::json;
    let used = |period: serde_json::Value, day: &str| {
        let catalogue = licence(|document| document["used"] = period);
        catalogue.document("jp_drivers_license", None, at(&format!("{day}T12:00:00Z"))).is_some()
    };
    let from = || json!({"from": "2026-02-01"});
    assert!(
        !used(from(), "2026-01-31") && used(from(), "2026-02-01") && used(from(), "2026-02-02")
    );
    let until = || json!({"until": "2026-02-01"});
    assert!(
        used(until(), "2026-01-31") && used(until(), "2026-02-01") && !used(until(), "2026-02-02")
    );
    let both = || json!({"from": "2026-02-01", "until": "2026-02-28"});
    assert!(
        !used(both(), "2026-01-31") && used(both(), "2026-02-10") && !used(both(), "2026-03-01")
    );
    let issuer =
        |country: Option<&str>, name: Option<&str>, jurisdiction: Option<&str>| DocumentIssuer {
            country: country.map(str::to_owned),
            name: name.map(str::to_owned),
            jurisdiction: jurisdiction.map(str::to_owned),
        };
    let catalogue = licence(|document| {
        document["issuers"] =
            json!([{"country": "JP", "name": "NPA", "jurisdiction": "Tokyo"}, {"country": "FR"}]);
    });
    let known = |issuer: &DocumentIssuer| {
        catalogue.document("jp_drivers_license", Some(issuer), at("2026-01-01T00:00:00Z")).is_some()
    };
    assert!(known(&issuer(Some("JP"), Some("NPA"), Some("Tokyo"))));
    assert!(known(&issuer(Some("JP"), None, None)), "what it does not state does not contradict");
    assert!(known(&issuer(Some("FR"), Some("any"), Some("where"))));
    assert!(!known(&issuer(Some("JP"), Some("other"), Some("Tokyo"))));
    assert!(!known(&issuer(Some("JP"), Some("NPA"), Some("Osaka"))));
    assert!(!known(&issuer(Some("US"), Some("NPA"), Some("Tokyo"))));
    let anybody = licence(|document| document["issuers"] = json!([]));
    let stranger = issuer(Some("US"), None, None);
    assert!(
        anybody
            .document("jp_drivers_license", Some(&stranger), at("2026-01-01T00:00:00Z"))
            .is_some()
    );
    assert!(catalogue.document("no_such_type", None, at("2026-01-01T00:00:00Z")).is_none());
}

#[test]
fn words_and_signatures() {
    let words = [Class::SelfAsserted, Class::IssuerGuaranteed, Class::ElectronicallyVerifiable];
    assert_eq!(
        words.map(Class::as_str),
        ["self_asserted", "issuer_guaranteed", "electronically_verifiable"]
    );
    let catalogue = catalogue();
    let signs: Vec<&str> = catalogue
        .documents()
        .filter(|(_, document)| document.can_sign())
        .map(|(name, _)| name)
        .collect();
    let able =
        ["company_certificate", "jp_individual_number_card", "jpki_certificate", "office_seal"];
    assert_eq!(signs, able);
    assert_eq!(
        catalogue.document("email", None, at("2026-01-01T00:00:00Z")).unwrap().issued_by(),
        "self"
    );
    assert!(catalogue.documents().all(|(_, document)| document.title("fr").is_none()));
    let other = BUILTIN.replacen("inkan-evidence-catalogue/1", "inkan-evidence-catalogue/2", 1);
    assert!(Catalogue::parse(other.as_bytes()).is_err());
}
