package aurora

import (
	"context"
	"fmt"
	"time"
)

// SetStatus sets what aurora_global_db_status() tells of a secondary region from now on: how far it is behind, in
// milliseconds, as measured at the given moment. It is written on the writer and replicated like everything else.
func (p *Pair) SetStatus(ctx context.Context, region string, rpoLagMs, durabilityLagMs float64, at time.Time) error {
	_, err := p.Writer().Exec(ctx, `insert into lab.status values ($1, $2, $3, $4, $5)
		on conflict (aws_region) do update set durability_lag_in_msec = excluded.durability_lag_in_msec,
		rpo_lag_in_msec = excluded.rpo_lag_in_msec, last_lag_calculation_time = excluded.last_lag_calculation_time`,
		region, p.ordinal(region), durabilityLagMs, rpoLagMs, at)
	if err != nil {
		return fmt.Errorf("set status of %s: %w", region, err)
	}
	return nil
}

// setPrimary leaves the primary's row alone in the table: both lags are -1 there and the time is the epoch, as Aurora
// shows it. The other region has no figure until SetStatus.
func (p *Pair) setPrimary(ctx context.Context, region string) error {
	if _, err := p.Writer().Exec(ctx, "delete from lab.status"); err != nil {
		return fmt.Errorf("set status of %s: %w", region, err)
	}
	return p.SetStatus(ctx, region, -1, -1, time.Unix(0, 0))
}

func (p *Pair) ordinal(region string) int {
	if region == p.options.Regions[0] {
		return 0
	}
	return 1
}
