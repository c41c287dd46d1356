use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a self-signed certificate for 127.0.0.1 and returns its path.
///
/// The folder then has `cert.pem` and its private key `key.pem`.
///
/// # Errors
///
/// `openssl` is not installed or fails.
pub fn certify(folder: &Path) -> io::Result<PathBuf> {
    let settings = folder.join("openssl.cnf");
    fs::write(
        &settings,
        "[req]\ndistinguished_name = name\nx509_extensions = extensions\nprompt = no\n\
         [name]\nCN = localhost\n\
         [extensions]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n",
    )?;
    let certificate = folder.join("cert.pem");
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config",
        ])
        .arg(&settings)
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(&certificate)
        .output()?;
    if made.status.success() {
        return Ok(certificate);
    }
    let message = String::from_utf8_lossy(&made.stderr).into_owned();
    Err(io::Error::other(message))
}
