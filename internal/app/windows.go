package app

import (
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/schedules"
)

const (
	// settlementLookback is how long a payment is held against new files: until it is missing, over weekends and holidays.
	settlementLookback = 7 * 24 * time.Hour
	// defaultCapture is how often streams are taken to be captured where no schedule says so.
	defaultCapture = 10 * time.Minute
	// failoverLookback is how long a failover is measured again as late evidence arrives.
	failoverLookback = 24 * time.Hour
)

// window is the request's own, or the one the job's schedule gives: the newest elapsed slot, moved back by what the job's
// sources need to be complete, and begun earlier where earlier records must be judged again. Consecutive slots leave no
// hole. Windows never come from the wall clock.
func (r Request) window(cfg *config.Config, job string) (audit.Window, error) {
	if !r.From.IsZero() {
		return audit.NewWindow(r.From, r.To)
	}
	if !r.At.IsZero() {
		return audit.NewWindow(r.At.Add(-aroundFailover), minTime(r.At.Add(aroundFailover), r.AsOf))
	}
	spec, found := cfg.Schedules[job]
	if !found {
		return audit.Window{}, fmt.Errorf("job %s has no schedule to take its window from: give --from and --to, or set schedules.%s", job, job)
	}
	s, err := schedules.Parse(spec)
	if err != nil {
		return audit.Window{}, fmt.Errorf("schedules.%s: %w", job, err)
	}
	delay, lookback := offsets(cfg, job)
	slot := schedules.LastSlot(s, r.AsOf)
	if job == "ledger" {
		lookback = slot.From.Sub(schedules.LastSlot(s, slot.From).From) + delay
	}
	return audit.Window{From: slot.From.Add(-delay - lookback), To: slot.To.Add(-delay)}, nil
}

// offsets are a job's delay and lookback. The ledger job looks back over the slot before and the margin: a row of that slot
// that was left out then, for it had just been changed, is judged now.
func offsets(cfg *config.Config, job string) (delay, lookback time.Duration) {
	switch job {
	case "lww":
		return arrival(cfg), 0
	case "ledger":
		return margin(cfg), 0
	case "receipts":
		return inventoryDelay(cfg), 0
	case "lag":
		return 0, arrival(cfg)
	case "settlement":
		return 0, settlementLookback
	case "chain":
		return inventoryDelay(cfg), settlementLookback
	case "failover":
		return 0, failoverLookback
	default:
		return 0, 0
	}
}

// arrival is how long after a write it is known whether it arrived: the settle delay, and the two captures that the stream
// may be behind by.
func arrival(cfg *config.Config) time.Duration {
	return settle(cfg) + 2*captureInterval(cfg)
}

// captureInterval is how far apart two scheduled captures are.
func captureInterval(cfg *config.Config) time.Duration {
	s, err := schedules.Parse(cfg.Schedules["capture"])
	if err != nil {
		return defaultCapture
	}
	first := schedules.Next(s, time.Unix(0, 0).UTC())
	return schedules.Next(s, first).Sub(first)
}

// defaultInventories is how often inventories come where the configuration says nothing of them.
const defaultInventories = 24 * time.Hour

// inventoryDelay is how long after a moment the inventories that list it have surely been delivered: a period of theirs and, as
// they take some hours, a quarter more. So no run of a schedule has to wait for one, and none lists what is younger.
func inventoryDelay(cfg *config.Config) time.Duration {
	longest := time.Duration(0)
	for _, r := range cfg.Receipts {
		for _, at := range r.Regions {
			longest = max(longest, at.Inventory.Every)
		}
	}
	if longest == 0 {
		longest = defaultInventories
	}
	return longest + longest/4
}

// settle is the longest settle delay of any table.
func settle(cfg *config.Config) time.Duration {
	var longest time.Duration
	for _, t := range cfg.Tables {
		longest = max(longest, t.Settle)
	}
	return longest
}

// margin is the longest margin of any ledger.
func margin(cfg *config.Config) time.Duration {
	var longest time.Duration
	for _, l := range cfg.Ledgers {
		longest = max(longest, l.Margin)
	}
	return longest
}

// before moves a window back until it ends at or before limit, keeping its length.
func before(w audit.Window, limit time.Time) audit.Window {
	if !w.To.After(limit) {
		return w
	}
	by := w.To.Sub(limit)
	return audit.Window{From: w.From.Add(-by), To: limit}
}
