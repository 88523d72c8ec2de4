//! The levels of x86-64 that code is made for.

use std::fmt;
use std::str::FromStr;

macro_rules! levels {
    ([$($v3:tt)+] [$($v4:tt)+]) => {
        const V3: &[&str] = &[$($v3),+];
        const V4: &[&str] = &[$($v3,)+ $($v4),+];

        /// Whether this processor has each of the extensions.
        fn found() -> impl Iterator<Item = (&'static str, bool)> {
            let v3 = [$(($v3, std::arch::is_x86_feature_detected!($v3))),+];
            let v4 = [$(($v4, std::arch::is_x86_feature_detected!($v4))),+];
            v3.into_iter().chain(v4)
        }
    };
}

levels! {
    ["sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "cmpxchg16b" "avx" "avx2" "fma" "bmi1" "bmi2" "f16c" "lzcnt" "movbe"]
    ["avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl"]
}

/// A level of x86-64, as the psABI has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// AVX2 and FMA: 16 registers of 256 bits.
    V3,
    /// AVX-512 (F, BW, CD, DQ, VL): 32 registers of 512 bits.
    V4,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Level; 2] = [Level::V3, Level::V4];

    /// What LLVM calls a processor of this level. LLVM only warns of a name that it does not know, and makes code for
    /// another processor: it is given these and no others.
    pub fn processor(self) -> &'static str {
        match self {
            Level::V3 => "x86-64-v3",
            Level::V4 => "x86-64-v4",
        }
    }

    /// The extensions that it stands for, those of lower levels among them, as `lgc_info` lists them.
    pub const fn features(self) -> &'static [&'static str] {
        match self {
            Level::V3 => V3,
            Level::V4 => V4,
        }
    }

    /// Those of them that this processor, or its system, lacks.
    pub fn missing(self) -> Vec<&'static str> {
        let own = found().take(self.features().len());
        let missing = own.filter(|(_, is_there)| !is_there);
        missing.map(|(name, _)| name).collect()
    }

    /// Whether this processor, and its system, have it.
    pub fn is_here(self) -> bool {
        self.missing().is_empty()
    }

    /// What the code of a library finds out about the processor, from this level on: 0 is none of them.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Level::V3 => 1,
            Level::V4 => 2,
        }
    }

    /// How many bits a register has.
    pub fn vector_bits(self) -> u32 {
        match self {
            Level::V3 => 256,
            Level::V4 => 512,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.processor())
    }
}

/// A name that is no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownLevel {
    /// A level below those.
    #[error(
        "`{0}` has no fused multiply-add, which kernels are made of: x86-64-v3 is the lowest level"
    )]
    TooLow(String),
    /// Another name.
    #[error("`{0}` is no level of x86-64 that code can be made for: there are {known}", known = known())]
    Unknown(String),
}

fn known() -> String {
    Level::ALL.map(Level::processor).join(" and ")
}

impl FromStr for Level {
    type Err = UnknownLevel;

    /// A level by its name, in full or without `x86-64-`.
    fn from_str(name: &str) -> Result<Level, UnknownLevel> {
        let short = |name: &str| name.strip_prefix("x86-64-").unwrap_or(name).to_owned();
        let level = Level::ALL
            .into_iter()
            .find(|level| short(level.processor()) == short(name));
        level.ok_or_else(|| match short(name).as_str() {
            "x86-64" | "v1" | "v2" => UnknownLevel::TooLow(name.to_owned()),
            _ => UnknownLevel::Unknown(name.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_by_their_names() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert_eq!("v3".parse(), Ok(Level::V3));
        assert_eq!("v4".parse(), Ok(Level::V4));
    }

    #[test]
    fn other_names_are_refused_with_the_reason() {
        for low in ["v2", "x86-64-v2", "x86-64", "v1"] {
            let error = low.parse::<Level>().unwrap_err().to_string();
            assert!(
                error.contains("fused multiply-add") && error.contains(low),
                "{error}"
            );
        }
        for unknown in [
            "",
            "v5",
            "V3",
            "skylake",
            "native",
            "x86-64-",
            "x86-64-x86-64-v3",
        ] {
            let error = unknown.parse::<Level>().unwrap_err().to_string();
            assert!(error.contains("x86-64-v3 and x86-64-v4"), "{error}");
        }
    }
}
