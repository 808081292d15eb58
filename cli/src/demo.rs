//! `inkan demo`: the whole story in a scratch folder, played with the same commands a person would type.
//!
//! In scope: the script, what each step must come to, and telling it in plain words. Every refusal is a step that must
//! come out as one. Out of scope: doing anything itself; but for the thief's time stamp (`attacks`), every step is a
//! command of this program, run with a clock that the story moves.

mod attacks;
mod stage;
mod story;

use serde_json::json;

use crate::args::DemoArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

use stage::Stage;

/// Plays the story; exit code 0 only if every step came out as it must.
pub(crate) fn run(args: &DemoArgs, context: &Context) -> Result<Outcome, Failure> {
    let mut stage = Stage::set(args, context)?;
    let told = story::tell(&mut stage);
    let files = stage.close(args.keep)?;
    told?;
    let (passed, failed) = stage.counts();
    let mut human = format!("\n{passed} steps came out as they must, {failed} did not.\n");
    if let Some(folder) = &files {
        human.push_str(&format!("The files are in {folder}\n"));
    }
    let members = json!({
        "clock": "injected", "steps": stage.steps(), "passed": passed, "failed": failed, "files": files,
    });
    let exit = if failed == 0 { 0 } else { 1 };
    Ok(Outcome::new("inkan-demo/1", human, members).exit(exit))
}
