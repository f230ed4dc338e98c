//! Where a rule comes from: every row of the rule tables says it.

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// 住民基本台帳法 and its order and regulation.
    Law,
    /// The privacy impact assessment (全項目評価書).
    Pia,
    /// The assessment, word for word.
    PiaLiteral,
    /// This register's own choice where nothing is public.
    Inference,
}

impl Basis {
    /// Short form for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Pia => "pia",
            Self::PiaLiteral => "pia (literal)",
            Self::Inference => "inference",
        }
    }

    /// Short form in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Law => "法令",
            Self::Pia => "評価書",
            Self::PiaLiteral => "評価書（文言どおり）",
            Self::Inference => "本書の定め",
        }
    }
}
