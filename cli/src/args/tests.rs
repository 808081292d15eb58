use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_command_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_and_option_says_what_it_is_for() {
    fn visit(command: &clap::Command, path: &str) {
        for argument in command.get_arguments() {
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "{path} {id} has no help");
        }
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name());
            assert!(inner.get_about().is_some(), "{path} has no description");
            visit(inner, &path);
        }
    }
    visit(&Cli::command(), "inkan");
}

#[test]
fn no_option_takes_a_secret_on_the_command_line() {
    fn visit(command: &clap::Command) {
        for argument in command.get_arguments() {
            let name = argument.get_long().unwrap_or_default();
            let secret = name.contains("passphrase") || name.contains("secret");
            assert!(!secret || name.ends_with("-file"), "--{name} takes a secret");
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Cli::command());
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for line in ["inkan -p acme key list --json", "inkan --json key -p acme list"] {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(cli.global.profile.as_deref(), Some("acme"));
        assert!(cli.global.json);
    }
}

/// What is kept or signed is shown again later, as it was meant.
#[test]
fn reasons_and_messages_have_no_hidden_characters() {
    for line in [
        "revoke CRED --reason",
        "cred suspend CRED --reason",
        "cred reinstate CRED --reason",
        "cred message CRED M --reason",
        "did rotate DID --key K --reason",
        "did update DID --patch F --reason",
        "did deactivate DID --reason",
        "did move DID --to L --reason",
        "issue T --from A --to B --messages",
    ] {
        let parsed = |words: &str| {
            let line = format!("inkan {line}");
            Cli::try_parse_from(line.split(' ').chain([words]))
        };
        parsed("found in the attic,été").unwrap_or_else(|error| panic!("{line}: {error}"));
        for hidden in ["a\nb", "a\u{202e}b", "a,\u{200b}b", "\u{1b}[2J"] {
            let error = parsed(hidden).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation, "{line} {hidden:?}");
        }
    }
}

#[test]
fn abbreviations_are_refused() {
    assert!(Cli::try_parse_from(["inkan", "verif"]).is_err());
    assert!(Cli::try_parse_from(["inkan", "verify", "--expl"]).is_err());
}

#[test]
fn limits_of_a_node_are_those_of_the_specification_but_for_those_given() {
    use inkan_server::ledger_node::{Limits, Rate};

    use super::LedgerCommand;

    let limits = |line: &str| {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let super::Command::Ledger(LedgerCommand::Start(args)) = cli.command else { panic!() };
        args.limits.limits()
    };
    let usual = Limits::default();
    let plain = limits("inkan ledger start");
    assert_eq!(
        (plain.connections, plain.client, plain.signer, plain.new_dids),
        (usual.connections, usual.client, usual.signer, usual.new_dids)
    );
    let given = limits(
        "inkan ledger start --limit-connections 7 --limit-client 3 --limit-signer 0 --limit-new-dids 9",
    );
    assert_eq!((given.connections, given.signer), (7, None));
    assert_eq!(given.client, Some(Rate::per_second(3, 30)));
    assert_eq!(given.new_dids, Some(Rate::per_hour(9)));
    assert_eq!(given.body, usual.body);
    let none = ["inkan", "ledger", "start", "--limit-connections", "0"];
    assert!(Cli::try_parse_from(none).is_err(), "nobody could connect");
}
