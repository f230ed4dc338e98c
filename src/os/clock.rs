//! The real clock, in Japan time (UTC+9, no daylight saving).
#![expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, TimeDelta, Timelike};

use crate::domain::instant::Instant;
use crate::ports::Clock;

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Reads the clock once, so that one that cannot be right is found before anything is done.
    ///
    /// # Errors
    /// `InvalidData` where the machine's clock is before 1970 or after 9999.
    pub fn new() -> io::Result<Self> {
        let started = japan_time(SystemTime::now()).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the machine's clock is before 1970 or after 9999",
            )
        })?;
        Ok(Self { started })
    }
}

impl Clock for SystemClock {
    /// Never before the start: a clock set back during a run must not date a leaf before the ones written already.
    fn now(&self) -> Instant {
        japan_time(SystemTime::now()).map_or(self.started, |now| now.max(self.started))
    }
}

fn japan_time(time: SystemTime) -> Option<Instant> {
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    let utc = DateTime::from_timestamp_millis(i64::try_from(since_1970.as_millis()).ok()?)?;
    let local = utc.naive_utc().checked_add_signed(TimeDelta::hours(9))?;
    let date = u64::try_from(local.year()).ok()? * 10_000 + u64::from(local.month() * 100 + local.day());
    let clock = local.hour() * 10_000 + local.minute() * 100 + local.second();
    let millis = u64::from(local.nanosecond() / 1_000_000);
    Instant::from_value(date * 1_000_000_000 + u64::from(clock) * 1_000 + millis)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn japan_is_nine_hours_ahead() {
        let at = |millis| japan_time(UNIX_EPOCH + Duration::from_millis(millis)).map(|i| i.to_string());
        // Values of `TZ=Asia/Tokyo date -d @SECONDS`.
        assert_eq!(at(0).unwrap(), "19700101090000000");
        assert_eq!(at(1_600_043_400_123).unwrap(), "20200914093000123");
        assert_eq!(at(1_617_202_800_000).unwrap(), "20210401000000000");
        assert_eq!(at(1_617_202_799_999).unwrap(), "20210331235959999");
        assert_eq!(at(253_402_268_400_000), None);
        assert_eq!(japan_time(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn never_before_its_start() {
        let late = SystemClock {
            started: Instant::from_value(99_991_231_235_959_999).unwrap(),
        };
        assert_eq!(late.now(), late.started);
        let clock = SystemClock::new().unwrap();
        assert!(clock.now() >= clock.started);
    }
}
