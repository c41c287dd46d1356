//! A Django site and an axum service behind one address, with one login and one cart.
//!
//! `cargo run -p django-bridge` makes a virtual environment, a database and a user, starts both, and prints the address.
//! The README is the guide from Django to Rust, a page at a time.

mod pages;
mod proxy;
mod site;
mod trouble;
mod users;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use session_axum::{Policy, Sessions};
use session_core::django::{Auth, SecretKeys};
use session_store::DjangoStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::pages::Shop;
use crate::proxy::Proxy;
use crate::site::Site;
pub(crate) use crate::trouble::Trouble;
use crate::users::Users;

/// A Django site and an axum service behind one address, with one login and one cart.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    listen: String,

    /// Folder of the database and of the secret key
    #[arg(long, value_name = "PATH", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/django-bridge"))]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Runs both until the program is asked to stop.
async fn run(args: &Args) -> Result<(), Trouble> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::select! {
        outcome = serve(args) => outcome,
        // Django ends with the pipe that `serve` held.
        () = stop => Ok(()),
    }
}

async fn serve(args: &Args) -> Result<(), Trouble> {
    let listener = TcpListener::bind(&args.listen).await;
    let listener = listener.map_err(|error| Trouble::new(&args.listen, error))?;
    let key_file = secret_key(&args.folder)?;
    let database = args.folder.join("shop.db").display().to_string();

    let site = Site::find(&format!("sqlite:{database}"), &key_file).await?;
    site.manage(&["migrate", "--verbosity=0"]).await?;
    site.manage(&["make_user", USER, PASSWORD]).await?;
    let mut django = site.serve().await?;

    let keys = fs::read_to_string(&key_file)?;
    let keys = SecretKeys::parse(&keys).map_err(|error| Trouble::new("SECRET_KEY", error))?;
    let store = DjangoStore::open(&format!("sqlite:{database}"), &keys).await;
    let store = store.map_err(|error| Trouble::new("the sessions", error))?;
    let sessions = Sessions::new(Policy::django(), store);
    let shop = Shop {
        users: Users::open(&database).await?,
        auth: Auth::new(&keys),
        proxy: Proxy::new(django.address()),
    };
    let router = pages::router(shop, sessions);
    println!("listening on http://{}", listener.local_addr()?);
    println!("sign in as {USER} with the password {PASSWORD}");
    tokio::select! {
        served = axum::serve(listener, router) => Ok(served?),
        trouble = django.ended() => Err(trouble),
    }
}

/// Returns the file of the key that both sides sign with; the first start draws it.
fn secret_key(folder: &Path) -> Result<PathBuf, Trouble> {
    let trouble =
        |error: &dyn std::fmt::Display| Trouble::new(&folder.display().to_string(), error);
    let path = folder.join("secret-key");
    fs::create_dir_all(folder).map_err(|error| trouble(&error))?;
    if !path.exists() {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| trouble(&error))?;
        let mut options = fs::File::options();
        // Only for us: whoever reads it can be anybody.
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let mut file = file.map_err(|error| trouble(&error))?;
        writeln!(file, "{}", hex::encode(bytes)).map_err(|error| trouble(&error))?;
    }
    Ok(path)
}

const USER: &str = "demo";
const PASSWORD: &str = "demo-password";
