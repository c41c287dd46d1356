use std::io;
use std::path::Path;
use std::process::Command;

use crate::program;

/// The user that runs a database server: some servers refuse to run as root.
#[derive(Debug)]
pub(crate) struct Account {
    /// `None` for the current user.
    user: Option<User>,
}

#[derive(Debug)]
struct User {
    id: String,
    group: String,
}

impl Account {
    /// Chooses the current user, or if that is root the first of `names` that exists.
    pub(crate) fn choose(names: &[&str]) -> io::Result<Self> {
        if id("-u", None)?.as_deref() != Some("0") {
            return Ok(Self { user: None });
        }
        for name in names {
            let (id, group) = (id("-u", Some(name))?, id("-g", Some(name))?);
            if let (Some(id), Some(group)) = (id, group) {
                return Ok(Self {
                    user: Some(User { id, group }),
                });
            }
        }
        Err(io::Error::other(format!("no user of {names:?} exists")))
    }

    /// Names the user.
    pub(crate) fn name(&self) -> &str {
        self.user.as_ref().map_or("me", |user| &user.id)
    }

    /// Makes the user the owner of a folder.
    pub(crate) fn own(&self, folder: &Path) -> io::Result<()> {
        let Some(User { id, group }) = &self.user else {
            return Ok(());
        };
        let owner = format!("{id}:{group}");
        run(Command::new("chown").arg("-R").arg(owner).arg(folder)).map(drop)
    }

    /// Returns the command that runs a program as the user.
    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> io::Result<Vec<String>> {
        let program = program(name);
        let program =
            program.ok_or_else(|| io::Error::other(format!("{name} is not installed")))?;
        let mut command = Vec::new();
        if let Some(User { id, group }) = &self.user {
            command.extend(["setpriv".to_owned(), "--clear-groups".to_owned()]);
            command.extend([format!("--reuid={id}"), format!("--regid={group}")]);
        }
        command.push(program.display().to_string());
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Ok(command)
    }

    /// Runs a program as the user and returns its output.
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> io::Result<String> {
        let command = self.command(name, arguments)?;
        run(Command::new(&command[0])
            .args(&command[1..])
            .current_dir("/"))
    }
}

/// Runs a command and returns its output.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let program = command.get_program().display();
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{program} failed: {reason}")))
}

/// Asks `id` about a user; `None` if the user does not exist.
fn id(option: &str, user: Option<&str>) -> io::Result<Option<String>> {
    let output = Command::new("id").arg(option).args(user).output()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(output.status.success().then_some(text))
}
