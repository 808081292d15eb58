use super::*;

fn read(text: &str) -> Result<Value, JsonError> {
    parse(text.as_bytes(), 1_000)
}

#[test]
fn duplicate_members_are_named_at_any_depth() {
    assert_eq!(read(r#"{"a":1,"a":2}"#), Err(JsonError::DuplicateMember("a".into())));
    assert_eq!(read(r#"[{"b":{"a":1,"\u0061":1}}]"#), Err(JsonError::DuplicateMember("a".into())));
}

#[test]
fn depth_size_and_trailing_bytes_are_limited() {
    assert!(read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert_eq!(read(&format!("{}{}", "[".repeat(65), "]".repeat(65))), Err(JsonError::TooDeep(64)));
    assert_eq!(parse(b"[1]", 2), Err(JsonError::TooLarge { size: 3, limit: 2 }));
    assert!(matches!(read("{} {}"), Err(JsonError::Syntax(_))));
    assert!(matches!(read(""), Err(JsonError::Syntax(_))));
    assert!(matches!(parse(b"\"\xff\"", 9), Err(JsonError::Syntax(_))));
}

#[test]
fn integers_that_parsers_round_are_refused() {
    assert!(read("9007199254740991").is_ok());
    assert_eq!(read("9007199254740992"), Err(JsonError::IntegerRange));
    assert_eq!(read("-9007199254740992"), Err(JsonError::IntegerRange));
    assert!(read("1e400").is_err());
}

#[test]
fn canonical_form_sorts_and_formats_as_ecmascript() {
    let value = read(r#"{"\u20ac":1,"b":[1.0,1e21,0.000001,-0.0],"a":"\u000f\n"}"#).unwrap();
    let text = String::from_utf8(canonicalize(&value).unwrap()).unwrap();
    assert_eq!(text, "{\"a\":\"\\u000f\\n\",\"b\":[1,1e+21,0.000001,0],\"€\":1}");
}

#[test]
fn whole_numbers_beyond_the_safe_range_are_refused_however_they_are_written() {
    for text in ["9007199254740992", "900925474E7", "18446744073709551616", "-1e20", "1e19"] {
        assert_eq!(parse(text.as_bytes(), 99), Err(JsonError::IntegerRange), "{text}");
    }
    for (text, canonical) in
        [("9.007199254740991e15", "9007199254740991"), ("1e30", "1e+30"), ("4.50", "4.5")]
    {
        let value = parse(text.as_bytes(), 99).unwrap();
        assert_eq!(canonicalize(&value).unwrap(), canonical.as_bytes());
    }
}

#[test]
fn a_text_has_no_byte_order_mark_comment_or_loose_spelling() {
    for text in [
        "\u{feff}{}",
        "{}//",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "-",
        "NaN",
        "'a'",
        "{a:1}",
        "[1 2]",
        "\"\n\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "[",
        "{\"a\"",
        "]",
        "nul",
    ] {
        assert!(matches!(read(text), Err(JsonError::Syntax(_))), "{text}");
    }
    assert_eq!(read("-0").unwrap().to_string(), "0");
}

proptest::proptest! {
    /// What another parser of the same package family reads is what we read, and what it refuses, we refuse.
    #[test]
    fn agrees_with_serde(text in r#"[\[\]{}:,"0-9a\\u.eE+ tn-]{0,24}"#) {
        let theirs = serde_json::from_str::<Value>(&text);
        match (read(&text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                let canonical = |value: &Value| canonicalize(value).unwrap();
                proptest::prop_assert_eq!(canonical(&ours), canonical(&theirs));
            }
            (Err(JsonError::Syntax(_)), theirs) => proptest::prop_assert!(theirs.is_err(), "{}", text),
            (Err(_), _) => {}
            (Ok(_), Err(error)) => proptest::prop_assert!(false, "{} {}", text, error),
        }
    }
}

/// Any value whose numbers have a canonical form.
fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let safe = i64::try_from(MAX_SAFE_INTEGER).unwrap();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-safe..=safe).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x22\\\\a\u{7f}-\u{9f}\u{e000}\u{ff5e}\u{10000}]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![any::<String>(), "[a-c\u{e9}\u{e000}\u{ff5e}\u{10000}]{0,3}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    /// An independent writer of JCS writes the same bytes, and strict reading of them gives the same canonical form.
    #[test]
    fn canonical_form_is_that_of_another_writer(value in any_value()) {
        let ours = canonicalize(&value).unwrap();
        proptest::prop_assert_eq!(&ours, &serde_json_canonicalizer::to_vec(&value).unwrap());
        if let Ok(again) = parse(&ours, ours.len()) {
            proptest::prop_assert_eq!(&canonicalize(&again).unwrap(), &ours);
        }
    }
}

#[test]
fn a_member_named_as_the_parser_names_numbers_is_a_member() {
    for text in [
        r#"{"$serde_json::private::Number":"5"}"#,
        r#"{"\u0024serde_json::private::Number":"5"}"#,
        r#"{"$serde_json::private::Number":5,"":1}"#,
    ] {
        let value = read(text).unwrap();
        assert!(value.is_object(), "{text}");
        assert!(value["$serde_json::private::Number"] == "5" || value[""] == 1, "{text}");
    }
    assert_eq!(read(r#"{"":{"":1}}"#).unwrap()[""][""], 1);
}

proptest::proptest! {
    #[test]
    fn one_member_less_is_as_if_it_were_not_there(value in any_value(), name in "[a-c]") {
        let mut without = value.clone();
        if let Some(members) = without.as_object_mut() {
            members.remove(&name);
        }
        proptest::prop_assert_eq!(canonicalize_without(&value, &name), canonicalize(&without));
        if let Some(members) = value.as_object() {
            let mut changed = members.clone();
            if let Some(member) = changed.get_mut(&name) {
                *member = "x".into();
            }
            let with = canonicalize_with(members, &name, &"x".into());
            proptest::prop_assert_eq!(with, canonicalize(&changed.into()));
        }
    }
}
