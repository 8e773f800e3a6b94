//! Flags, environment and config file as one command line.

use super::args::Args;
use super::config_file::{Default, defaults};
use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

impl Args {
    /// Reads the flags of the process, the environment, and the config file that they name. Help, or
    /// what is wrong, is printed, and ends the process.
    #[must_use]
    pub fn read() -> Self {
        Self::try_read_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// The same with flags given, of which the first is the program's name.
    ///
    /// # Errors
    ///
    /// When a flag, a variable or a key is not known or has a wrong value, and when help was asked
    /// for.
    pub fn try_read_from(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut command = command();
        let mut matches = command.try_get_matches_from_mut(&arguments)?;
        if let Some(path) = matches.get_one::<PathBuf>("config") {
            let text = fs::read_to_string(path)
                .map_err(|error| refused(&mut command, format!("{}: {error}", path.display())))?;
            let defaults = defaults(&text, &command)
                .map_err(|error| refused(&mut command, format!("{}:{error}", path.display())))?;
            // What a file says stands where a default would, so the order of who counts is clap's.
            command = defaults
                .into_iter()
                .fold(self::command(), |command, default| {
                    let Default { id, values } = default;
                    command.mut_arg(id, |arg| arg.default_values(values))
                });
            matches = command.try_get_matches_from_mut(&arguments)?;
        }
        Self::from_arg_matches_mut(&mut matches)
    }
}

/// Flags can stand before and behind a subcommand.
fn command() -> Command {
    Args::command().mut_args(|arg| arg.global(true))
}

fn refused(command: &mut Command, message: String) -> clap::Error {
    command.error(ErrorKind::ValueValidation, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(file: &str, flags: &[&str]) -> Result<Args, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inspector.toml");
        fs::write(&path, file).unwrap();
        let config = format!("--config={}", path.display());
        let arguments = ["runscope-inspector", &config].into_iter();
        Args::try_read_from(arguments.chain(flags.iter().copied())).map_err(|error| {
            let shown = error
                .to_string()
                .replace(&path.display().to_string(), "FILE");
            shown.lines().next().unwrap_or_default().to_owned()
        })
    }

    #[test]
    fn a_flag_counts_for_more_than_the_file_and_that_for_more_than_a_default() {
        let file =
            "max-age = \"7d\"\nallow-host = [\"a.example\", \"b.example\"]\nlog-format = 'json'\n";
        let args = read(file, &["--max-age=1h"]).unwrap();
        assert_eq!(args.max_age, Duration::from_secs(3600));
        assert_eq!(args.allow_host, ["a.example", "b.example"]);
        assert_eq!(args.log_format, crate::cli::LogFormat::Json);
        assert_eq!(args.max_size, 10_000_000_000);
        let args = read("max-body = '1mib'\nmax-tails = 3\n", &["--max-tails=7"]).unwrap();
        let limits = args.limits();
        assert_eq!((limits.body, limits.tails), (1 << 20, 7));
        assert_eq!(
            read("", &[]).unwrap().max_age,
            Duration::from_secs(30 * 86_400)
        );
    }

    #[cfg(feature = "demo")]
    #[test]
    fn flags_and_files_count_for_a_subcommand_too() {
        let args = read(
            "max-age = '7d'",
            &["demo", "--rate=5", "--listen=127.0.0.1:0"],
        )
        .unwrap();
        assert_eq!(args.max_age, Duration::from_secs(7 * 86_400));
        assert_eq!(args.listen.port(), 0);
    }

    #[test]
    fn a_mistake_in_the_file_is_told_with_its_place() {
        for (file, expected) in [
            (
                "\n  max_age = '7d'",
                "error: FILE:2:3: max_age is no setting; did you mean max-age?",
            ),
            (
                "lisen = ''",
                "error: FILE:1:1: lisen is no setting; did you mean listen?",
            ),
            ("zzz = 1", "error: FILE:1:1: zzz is no setting"),
            ("config = 'a'", "error: FILE:1:1: config is no setting"),
            (
                "max-age = 30",
                "error: FILE:1:11: invalid value '30' for '--max-age <TIME>': expected a time with its unit, such as 30d or 12h",
            ),
            (
                "max-age = {}",
                "error: FILE:1:11: max-age is a text, a number, or a list of texts",
            ),
            (
                "max-age = ['1d', '2d']",
                "error: FILE:1:11: max-age has one value",
            ),
            (
                "max-age = ",
                "error: FILE:1:11: string values must be quoted, expected literal string",
            ),
        ] {
            assert_eq!(
                read(file, &[]).map(|_| ()),
                Err(expected.to_owned()),
                "{file}"
            );
        }
        let missing = Args::try_read_from(["runscope-inspector", "--config=/no/such/file"]);
        assert!(
            missing
                .unwrap_err()
                .to_string()
                .contains("/no/such/file: No such file")
        );
    }
}
