use std::io::{Error, Result, Write};

use serde_json::ser::{CompactFormatter, Formatter};

/// Watches a value being written: how deep it is, and what its names are made of.
#[derive(Default)]
pub(super) struct Form {
    depth: u32,
    is_in_name: bool,
    /// For each level, whether an object has names that are texts, or made of something else.
    texts: u128,
    others: u128,
    is_raw: bool,
}

impl Form {
    /// Says whether the value is JSON text that somebody else has written.
    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// Numbers and truth values as names are read back as such, unless the reader has to look at
    /// the other names first, as it does for a tagged enum or a flattened field.
    fn end_name(&mut self) -> Result<()> {
        self.is_in_name = false;
        let level = self.level();
        if self.others & level == 0 {
            self.texts |= level;
        } else if self.texts & level != 0 {
            return Err(Error::other("names of several types"));
        }
        Ok(())
    }

    fn deepen(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::other("nested too deep to be read"));
        }
        let level = self.level();
        self.texts &= !level;
        self.others &= !level;
        Ok(())
    }

    fn level(&self) -> u128 {
        1 << self.depth.min(DEEPEST)
    }

    fn scalar(&mut self) {
        if self.is_in_name {
            self.others |= self.level();
        }
    }
}

/// Methods that write as `CompactFormatter` does, and note what is a name.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(
            #[inline]
            fn $method<W: ?Sized + Write>(&mut self, writer: &mut W, value: $type) -> Result<()> {
                self.scalar();
                CompactFormatter.$method(writer, value)
            }
        )*
    };
}

impl Formatter for &mut Form {
    scalars!(
        write_bool: bool,
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128,
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128,
        write_f32: f32, write_f64: f64
    );

    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> Result<()> {
        self.is_raw = self.depth == 0;
        CompactFormatter.write_raw_fragment(writer, fragment)
    }

    #[inline]
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.deepen()?;
        CompactFormatter.begin_array(writer)
    }

    #[inline]
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        CompactFormatter.end_array(writer)
    }

    #[inline]
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.deepen()?;
        CompactFormatter.begin_object(writer)
    }

    #[inline]
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        CompactFormatter.end_object(writer)
    }

    #[inline]
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.is_in_name = true;
        CompactFormatter.begin_object_key(writer, first)
    }

    #[inline]
    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.end_name()?;
        CompactFormatter.end_object_key(writer)
    }
}

/// `serde_json`'s reader takes no more levels.
const DEEPEST: u32 = 127;
