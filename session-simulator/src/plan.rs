use std::fmt;

use anyhow::Context as _;

use crate::moves::Move;
use crate::setting::Setting;

/// A whole run as data: a world, and what happens in it. As text it has one move a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The world.
    pub setting: Setting,
    /// What happens, in this order. When it is over, everything that is still under way ends without faults.
    pub moves: Vec<Move>,
}

impl Plan {
    /// Reads what `Display` wrote; lines that begin with `#` are comments.
    ///
    /// # Errors
    ///
    /// A line that is not understood.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let setting = lines.next().and_then(|line| line.strip_prefix("world "));
        let setting = Setting::parse(setting.context("a plan begins with its world")?)?;
        let parse = |line: &str| Move::parse(line).with_context(|| line.to_owned());
        let moves = lines.map(parse).collect::<anyhow::Result<_>>()?;
        Ok(Self { setting, moves })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "world {}", self.setting)?;
        self.moves.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}
