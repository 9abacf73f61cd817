//! The command line: reads the arguments, calls the rest, and says what came of it.

mod arguments;
mod audit;
mod autoscale;
mod check;
mod dead_letters;
mod doctor;
mod exit;
mod files;
mod generate;
mod health;
mod kinds;
mod live;
mod log;
mod moving;
mod out;
mod ports;
mod render;
mod replay;
mod run;
mod stacks;
mod token;
mod top;
mod values;

use crate::cli::arguments::{Arguments, Command};
use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command and answers the process's exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    dispatch(arguments).into()
}

fn dispatch(arguments: impl IntoIterator<Item = OsString>) -> exit::Code {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Help on a closed pipe has nobody to be told.
            drop(error.print());
            return if is_help { exit::OK } else { exit::USAGE };
        }
    };
    log::start(arguments.log);
    match &arguments.command {
        Command::Up(up) => run::up(&arguments, up),
        Command::Run(one) => run::one(&arguments, one),
        Command::Check { stack } => check::check(&arguments, stack.as_deref()),
        Command::Stacks { command } => stacks::stacks(&arguments, command.as_ref()),
        Command::Init { name, directory } => stacks::init(name, directory.as_deref()),
        Command::Kinds(kinds) => kinds::kinds(&arguments, kinds),
        Command::Generate(generate) => generate::generate(generate),
        Command::Audit(wanted) => audit::audit_flow(&arguments, wanted),
        Command::Autoscale(wanted) => autoscale::autoscale(&arguments, wanted),
        Command::Doctor(wanted) => doctor::doctor(&arguments, wanted),
        Command::Render(wanted) => render::render(wanted),
        Command::Move(wanted) => moving::move_resource(&arguments, wanted),
        Command::Replay(wanted) => replay::replay(&arguments, wanted),
        Command::DeadLetters { command } => dead_letters::run(&arguments, command),
        Command::Top { url } => top::top(&arguments, url.as_deref()),
        Command::Health { url } => health::health(&arguments, url.as_deref()),
        Command::Completions { shell } => arguments::completions(*shell),
    }
}
