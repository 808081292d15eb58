//! A bar on standard error for work that takes longer than a blink; nothing where nobody looks.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Speech;

/// A bar that is shown on a terminal alone.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar over `total` steps; hidden for `-q`, for machines, and where standard error is no terminal.
    pub(crate) fn new(speech: Speech, what: &str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let template = "{msg} {bar:30} {pos}/{len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        if speech.talks() && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(300));
        }
        Self(bar)
    }

    /// A bar over so many bytes; `total` is asked only if somebody looks.
    pub(crate) fn of_bytes(speech: Speech, what: &str, total: impl FnOnce() -> u64) -> Self {
        let looked_at = speech.talks() && std::io::stderr().is_terminal();
        let bar = Self::new(speech, what, if looked_at { total() } else { 0 });
        let template = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.0.set_style(style);
        }
        bar
    }

    /// For work whose end is not known.
    pub(crate) fn spinning(speech: Speech, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message(what.to_owned());
        if speech.talks() && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(300));
        }
        Self(bar)
    }

    /// Says how far it is, at once.
    pub(crate) fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Says how far it is.
    pub(crate) fn reach(&self, position: u64) {
        // Drawing is costly, counting is not.
        if position & 0xff == 0 {
            self.0.set_position(position);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
