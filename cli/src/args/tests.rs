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

#[test]
fn abbreviations_are_refused() {
    assert!(Cli::try_parse_from(["inkan", "verif"]).is_err());
    assert!(Cli::try_parse_from(["inkan", "verify", "--expl"]).is_err());
}
