//! The platform's binary: reads the command line and starts one part or all of it.

use clap::Parser as _;
use platform::config::{Cli, Command, DatabaseOptions};
use platform::demo::{self, DemoInfo};
use platform::serve;
use platform::server::Stop;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "warn,platform=info,security=info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Cli::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
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
        Some(Command::Migrate { rotate }) => serve::migrate(&database, rotate).await,
        None if database.is_configured() => serve::serve(&cli.options, &database, false, stop).await,
        None => demo::run(&cli.options, &cli.options.data_folder(is_root())?, stop).await,
    }
}

/// Whether this process may do anything: the owner of its own entry in /proc is root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
