//! Ctrl-c and SIGTERM for commands that go on until somebody ends them, and serve nothing.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::connections::Signals;

/// Exit status after a second signal: that of a shell for an interrupted command.
const AT_ONCE: i32 = 130;

/// Hears the first signal; a second one ends the process at once.
#[derive(Debug)]
pub struct Interrupt(Receiver<()>);

impl Interrupt {
    /// From now on signals are heard, and do not end the process by themselves.
    ///
    /// # Errors
    ///
    /// [`std::io::Error`] if the system does not deliver them.
    pub fn listen() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = runtime.block_on(async { Signals::listen() })?;
        let (say, heard) = channel();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                signals.wait().await;
                // Nobody listens any more if the command is at its end already.
                let _ = say.send(());
                signals.wait().await;
                std::process::exit(AT_ONCE);
            });
        })?;
        Ok(Self(heard))
    }

    /// Waits for a signal, no longer than that; says whether there was one. So it does at once if nobody is left who would hear of
    /// one: who goes on could not be ended.
    #[must_use]
    pub fn within(&self, longest: Duration) -> bool {
        !matches!(self.0.recv_timeout(longest), Err(RecvTimeoutError::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_a_signal_is_not_kept_going_by_nobody() {
        let (say, heard) = channel();
        let interrupt = Interrupt(heard);
        assert!(!interrupt.within(Duration::from_millis(1)), "nothing was said");
        say.send(()).unwrap();
        assert!(interrupt.within(Duration::from_secs(60)), "it was said");
        drop(say);
        assert!(interrupt.within(Duration::from_secs(60)), "nobody is left to say it");
    }
}
