package config

// checkFailover refuses a case that would be given up before its jobs are repeated for the first time.
func (d *decoder) checkFailover(f Failover) {
	if f.GiveUp > 0 && f.Repeat > f.GiveUp {
		d.wrongAt("failover.repeat", "is above give_up: the jobs would never be repeated")
	}
}
