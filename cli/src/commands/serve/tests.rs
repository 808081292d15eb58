//! What the options of the command come to.

use clap::Parser as _;

use super::*;
use crate::args::{Cli, Command};

fn options_of(line: &[&str]) -> ApiOptions {
    let cli = Cli::try_parse_from([&["inkan", "serve"], line].concat()).unwrap();
    let Command::Serve(args) = cli.command else { panic!("another command") };
    options(&args)
}

#[test]
fn nothing_is_fetched_unless_it_is_told_to_and_then_at_public_addresses_alone() {
    assert_eq!(options_of(&[]).network, Network::Offline);
    assert_eq!(options_of(&["--fetch"]).network, Network::AskPublic);
}

#[test]
fn certificates_are_those_that_are_given() {
    assert!(matches!(options_of(&[]).transport, Transport::SelfMade));
    assert!(matches!(options_of(&["--http"]).transport, Transport::Plain));
    let given = options_of(&["--tls-cert", "chain.pem", "--tls-key", "key.pem"]);
    let Transport::Files { certificate, key } = &given.transport else { panic!("{given:?}") };
    assert_eq!((certificate, key), (&PathBuf::from("chain.pem"), &PathBuf::from("key.pem")));
    for half in [["--tls-cert", "chain.pem"], ["--tls-key", "key.pem"]] {
        assert!(Cli::try_parse_from([&["inkan", "serve"][..], &half].concat()).is_err());
    }
}

#[test]
fn who_may_have_something_signed_is_nobody_unless_it_is_said() {
    let asked = options_of(&[]);
    assert!(matches!(asked.protection, Protection::Certificates));
    assert_eq!(asked.client_authorities, None);
    let asked = options_of(&["--client-ca", "clients.pem"]);
    assert!(matches!(asked.protection, Protection::Certificates));
    assert_eq!(asked.client_authorities, Some(PathBuf::from("clients.pem")));
    let asked = options_of(&["--client-ca", "clients.pem", "--tokens", "tokens"]);
    assert!(matches!(&asked.protection, Protection::Tokens(path) if path == Path::new("tokens")));
    assert!(matches!(options_of(&["--open-issuing"]).protection, Protection::Open));
}
