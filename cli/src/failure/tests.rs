use super::*;

#[test]
fn a_failure_is_number_and_fact_and_then_what_to_do() {
    let failure = Failure::from(CliError::ProfileUnknown { name: "acme".to_owned() });
    let (head, body) = failure.to_lines();
    assert!(head.starts_with("error[INK-7"), "{head}");
    assert!(body.starts_with(": there is no profile \"acme\"\n"), "{body}");
    assert!(body.contains("inkan init acme"), "{body}");
    assert!(body.contains("inkan explain INK-7"), "{body}");
    assert_eq!(failure.exit(), 3);
}

#[test]
fn causes_are_told_once() {
    let json = inkan_core::json::parse(b"{\"a\":1,\"a\":2}", 100).unwrap_err();
    let failure = Failure::from(json).during("claims.json");
    assert!(failure.to_lines().1.starts_with(": claims.json: member \"a\" occurs twice"));
}

#[test]
fn json_carries_the_same_facts() {
    let value = Failure::from(CliError::InputMissing).to_value();
    assert_eq!(value["code"], "input-missing");
    assert!(value["number"].as_str().unwrap().starts_with("INK-7"));
    assert!(!value["remedy"].as_str().unwrap().is_empty());
}
