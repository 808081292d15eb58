use clap::Parser as _;

use crate::args::PresentArgs;

use super::*;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: PresentArgs,
}

fn told(count: usize, options: &[&str]) -> Result<Vec<String>, &'static str> {
    let line = Line::parse_from([&["present"], options].concat());
    let told = |choice: &Choice| match choice {
        Choice::Open => "open".to_owned(),
        Choice::All => "all".to_owned(),
        Choice::Claims(claims) => {
            claims.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
    };
    let choices = choices(&line.args.disclose, line.args.disclose_all, count)
        .map_err(|failure| failure.code())?;
    Ok(choices.iter().map(told).collect())
}

#[test]
fn claims_are_chosen_for_all_credentials_or_for_one_by_its_number() {
    let told = |count, options: &[&str]| told(count, options).unwrap();
    assert_eq!(told(2, &[]), ["open", "open"]);
    assert_eq!(told(2, &["--disclose-all"]), ["all", "all"]);
    assert_eq!(told(2, &["--disclose", "a,b"]), ["a b", "a b"]);
    assert_eq!(told(2, &["--disclose", "cred[1]:a,/b/c"]), ["open", "a /b/c"]);
    let several = ["--disclose", "cred[0]:a", "--disclose", "cred[0]:b", "--disclose", "cred[2]:*"];
    assert_eq!(told(3, &several), ["a b", "open", "all"]);
    assert_eq!(told(2, &["--disclose", "cred[1]:a", "--disclose", "x"]), ["x", "a x"]);
}

#[test]
fn a_number_that_no_credential_has_is_refused() {
    for option in ["cred[2]:a", "cred[]:a", "cred[-1]:a", "cred[x]:*"] {
        assert_eq!(told(2, &["--disclose", option]), Err("usage"), "{option}");
    }
}
