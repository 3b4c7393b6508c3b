//! The platform's binary: reads the command line and starts one part or all of it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use platform::config::{Cli, Command, DatabaseOptions};
use platform::demo::{self, DemoInfo};
use platform::server::Stop;
use platform::{migrate, serve};

/// How long work off the request threads (a file that is parsed, a password that is hashed) may go on
/// once everything else has stopped. Dropping the runtime would wait for it without an end.
const LAST_WORK: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "warn,platform=info,security=info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    let ended = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Into::into);
    let ended = ended.and_then(|runtime| {
        let ended = runtime.block_on(run(cli));
        runtime.shutdown_timeout(LAST_WORK);
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let database = DatabaseOptions::from_env();
    let stop = Stop::default();
    let told = stop.clone();
    tokio::spawn(async move {
        Stop::signalled().await;
        told.now();
    });
    match cli.command {
        Some(Command::DemoInfo { json }) => {
            let info = DemoInfo::read(&cli.options.data_folder(is_root())?)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&info)?);
            } else {
                println!("{}", info.lines());
            }
            Ok(())
        }
        Some(Command::Serve { operator }) => serve::serve(&cli.options, &database, operator, stop).await,
        Some(Command::Worker) => serve::work(&cli.options, &database, stop).await,
        Some(Command::Migrate(asked)) => migrate::run(&cli.options, &database, &asked).await,
        None if database.is_configured() => serve::serve(&cli.options, &database, false, stop).await,
        None => {
            let folder = cli.options.data_folder(is_root())?;
            demo::run(&cli.options, &folder, database.redis()?, stop).await
        }
    }
}

/// Whether this process may do anything: the owner of its own entry in /proc is root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
