package lab

import "time"

// The two regions, in the order of who writes the ledger first.
const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

// other is the region that a region replicates to.
func other(region string) string {
	if region == dublin {
		return london
	}
	return dublin
}

// clock is a time of the day on which everything happens, Wednesday 18 November 2026, in UTC.
func clock(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 18, hour, minute, second, 0, time.UTC)
}

// The fixed moments of the script. What varies with the seed is in timetable.
var (
	windowFrom = clock(13, 0, 0)
	windowTo   = clock(16, 10, 0) // more than two hours after the failover, as its case wants

	opening   = clock(13, 55, 0) // the workload begins
	degrades  = clock(14, 7, 0)  // Dublin stops replicating, its database stops writing
	confirmed = clock(14, 7, 45) // health checks agree; clients begin to move to London
	moved     = clock(14, 8, 45) // the last client has moved
	closing   = clock(14, 25, 0) // the workload ends
	recovers  = clock(14, 40, 0) // Dublin is back
	evening   = clock(15, 0, 0)  // the rebuilt standby in Dublin stops replaying
	ends      = clock(15, 10, 0)

	inventoried    = time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC)
	firstDelivery  = time.Date(2026, time.November, 19, 4, 0, 0, 0, time.UTC)
	secondDelivery = time.Date(2026, time.November, 20, 4, 0, 0, 0, time.UTC)
	audited        = time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC)
)

// captures are the moments at which Options.Hook is called: around the failover, and twice a day from then on, for
// streams forget after 24 hours.
func captures() []time.Time {
	moments := []time.Time{clock(14, 6, 0), clock(14, 30, 0), clock(14, 45, 0), ends}
	for at := ends.Add(12 * time.Hour); at.Before(audited); at = at.Add(12 * time.Hour) {
		moments = append(moments, at)
	}
	return moments
}

// Steps of one payment, after its key was accepted.
const (
	toLedger  = 40 * time.Millisecond
	toCapture = 80 * time.Millisecond
	toReceipt = 120 * time.Millisecond
)

// How long replication takes.
const (
	keysMinDelay     = 300 * time.Millisecond
	keysMaxDelay     = 1500 * time.Millisecond
	receiptsMinDelay = 2 * time.Second
	receiptsMaxDelay = 20 * time.Second
)

// inventoryApart is how much earlier London's bucket is scanned than Dublin's: no two inventories begin at one moment.
const inventoryApart = 10 * time.Minute
