use super::*;

#[test]
fn names_are_file_names_and_fragments() {
    for good in ["acme", "sign-1", "a.b_c", "0"] {
        check_name(good).unwrap();
    }
    for bad in ["", ".x", "-x", "a/b", "a b", "ä", "a#b", &"x".repeat(65)] {
        assert!(check_name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_configuration_survives_writing_and_reading() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let folders = Folders { config: at("c"), data: at("d"), cache: at("x") };
    assert!(Config::load(&folders).unwrap().profiles.is_empty());
    let settings = ProfileSettings {
        role: "issuer".to_owned(),
        ledger: "/tmp/ledger".to_owned(),
        origin: "ledger.example".to_owned(),
        domain: "ledger.example".to_owned(),
        insecure_http: false,
        ledger_token_file: None,
    };
    let profiles = BTreeMap::from([("acme".to_owned(), settings)]);
    Config { default: Some("acme".to_owned()), profiles: profiles.clone() }.save(&folders).unwrap();
    let read = Config::load(&folders).unwrap();
    assert_eq!(read.profiles, profiles);
    assert_eq!(read.default.as_deref(), Some("acme"));
}

#[test]
fn an_unknown_setting_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "defualt = \"acme\"\n").unwrap();
    let failure = load::<Config>(&path).unwrap_err();
    assert_eq!(failure.code(), "config-malformed");
    assert!(failure.to_lines().1.contains("defualt"));
}
