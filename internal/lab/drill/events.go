package drill

import (
	"fmt"
	"time"
)

// announceFailover is what RDS says of an unplanned failover, in one of its wordings.
// Source: Amazon Aurora User Guide, "Amazon RDS event categories and event messages for Aurora".
func (w *World) announceFailover(from, to string, promoted time.Time) {
	w.RDS.SetWriter(to)
	event := func(at time.Time, format string, args ...any) {
		w.RDS.Event(to, "db-cluster", cluster(to), at, fmt.Sprintf(format, args...), "global-failover")
	}
	switch w.Scenario.Wording {
	case 0:
		w.RDS.Event(to, "db-instance", cluster(to)+"-1", promoted.Add(-4*time.Second),
			fmt.Sprintf("Attempt to block writes for DB cluster %s in Region %s timed out.", cluster(from), from), "global-failover")
		event(promoted, "New primary DB cluster %s in Region %s was successfully promoted.", cluster(to), to)
		event(promoted.Add(6*time.Second), "Global failover to DB cluster %s in Region %s completed.", cluster(to), to)
	case 1:
		event(promoted.Add(-3*time.Second), "Global failover to DB cluster %s in Region %s started.", cluster(to), to)
		event(promoted, "New primary DB cluster %s in Region %s was successfully promoted.", cluster(to), to)
		event(promoted.Add(9*time.Second), "Global failover to DB cluster %s in Region %s finished.", cluster(to), to)
	default:
		event(promoted, "Global database failover to DB cluster %s in Region %s completed.", cluster(to), to)
	}
}

// announceReturn is what RDS says when the old region is back: the snapshot of its data, and the new standby.
func (w *World) announceReturn(region string, back time.Time) {
	w.RDS.AddSnapshot(region, "rds:unplanned-global-failover-"+cluster(region)+"-"+back.Format("2006-01-02-15-04"), cluster(region), back)
	for i, word := range []string{"Started", "Finished"} {
		w.RDS.Event(region, "db-cluster", cluster(region), back.Add(time.Duration(i)*time.Minute),
			fmt.Sprintf("%s resynchronizing members of DB cluster %s in Region %s after global failover.", word, cluster(region), region), "global-failover")
	}
}

// announceSwitchover is what RDS says of a planned one, in both regions.
func (w *World) announceSwitchover(from, to string, began, promoted time.Time) {
	w.RDS.SetWriter(to)
	event := func(region string, at time.Time, format string, args ...any) {
		w.RDS.Event(region, "db-cluster", cluster(region), at, fmt.Sprintf(format, args...), "global-failover")
	}
	event(to, began, "Global switchover to DB cluster %s in Region %s started.", cluster(to), to)
	event(from, began.Add(2*time.Second), "Old primary DB cluster %s in Region %s successfully shut down.", cluster(from), from)
	event(to, promoted, "New primary DB cluster %s in Region %s was successfully promoted.", cluster(to), to)
	event(to, promoted.Add(3*time.Second), "Global switchover to DB cluster %s in Region %s finished.", cluster(to), to)
}
