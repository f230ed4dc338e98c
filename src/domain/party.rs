//! The bodies on both sides of the exchange, and what a run has to know of them.

use super::arrival::ArrivalRule;
use super::ids::{MunicipalityCode, PartyId};
use super::instant::BusinessDate;
use crate::text::wide::WideEncoding;

/// What kind of body a party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartyKind {
    /// 市町村.
    Municipality,
    /// 都道府県の部局.
    Department,
    /// Another body (別表の機関).
    Body,
    /// The site itself.
    Own,
    /// 地方公共団体情報システム機構.
    National,
}

/// Kind of an exchange file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Change notices.
    Upd,
    /// Results of change notices.
    Res,
    /// Notices to the national body.
    Ntf,
    /// Extract for reconciliation.
    Ext,
    /// Differences found.
    Rcr,
    /// Bulk inquiry.
    Inq,
    /// Bulk provision.
    Prv,
    /// Inquiry to the national body.
    Nrq,
    /// Its answer.
    Nrs,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Upd,
        Self::Res,
        Self::Ntf,
        Self::Ext,
        Self::Rcr,
        Self::Inq,
        Self::Prv,
        Self::Nrq,
        Self::Nrs,
    ];

    /// The three letters of header and file name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upd => "UPD",
            Self::Res => "RES",
            Self::Ntf => "NTF",
            Self::Ext => "EXT",
            Self::Rcr => "RCR",
            Self::Inq => "INQ",
            Self::Prv => "PRV",
            Self::Nrq => "NRQ",
            Self::Nrs => "NRS",
        }
    }

    /// Reads the three letters.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Text encoding of type N fields (`text_encoding`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// `1`: CP932, padding 81 40.
    Cp932,
    /// `2`: UCS-2BE (UTF-16BE with surrogate pairs), padding 30 00.
    Ucs2Be,
}

impl From<Encoding> for WideEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Cp932 => Self::Cp932,
            Encoding::Ucs2Be => Self::Ucs2Be,
        }
    }
}

/// One party of the register (団体・部署登録簿).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Id in headers and file names.
    pub id: PartyId,
    /// Kind of body.
    pub kind: PartyKind,
    /// Name, in Japanese.
    pub name: String,
    /// Kinds of file it may send.
    pub sends: Vec<FileKind>,
    /// Encoding of the files made for it where they answer none (NTF, NRQ).
    pub encoding: Encoding,
    /// First day on which it is active.
    pub active_from: BusinessDate,
    /// Last day on which it is active.
    pub active_to: BusinessDate,
    /// `data_sha256` may be blank.
    pub hash_optional: bool,
    /// Plain, unsealed files are taken from it.
    pub plain_allowed: bool,
    /// What has to be seen in its inbound folder before a file is read.
    pub arrival: ArrivalRule,
    /// Codes of municipalities that merged into it.
    pub predecessors: Vec<MunicipalityCode>,
    /// Name of its gaiji table, if it has one.
    pub gaiji_table: Option<String>,
    /// Text of its signing key (verifier key of a signed note), if it has one.
    pub signing_key: Option<String>,
    /// Text of its sealing (HPKE) public key, if it has one.
    pub sealing_key: Option<String>,
}

impl Party {
    /// True on the days on which the party is active, both ends included.
    pub fn is_active(&self, day: BusinessDate) -> bool {
        self.active_from <= day && day <= self.active_to
    }

    /// Its own municipality code, if it is a municipality.
    pub fn municipality(&self) -> Option<MunicipalityCode> {
        if self.kind == PartyKind::Municipality {
            MunicipalityCode::parse(self.id.as_str()).ok()
        } else {
            None
        }
    }

    /// True where `code` is the party's own or one of its predecessors'.
    pub fn answers_for(&self, code: MunicipalityCode) -> bool {
        self.municipality() == Some(code) || self.predecessors.contains(&code)
    }
}
