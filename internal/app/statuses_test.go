package app

import (
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

func TestStatusesThatTheConfigurationDoesNotKnow(t *testing.T) {
	l := config.Ledger{Name: "payments", Statuses: config.Statuses{Charged: []string{"captured"}, Refused: []string{"declined"}}}
	l.Columns.Status = "status"
	check := func(statuses ...string) audit.Coverage {
		c := ledgerCopies{writer: []record.Entry{}, writerRegion: "eu-west-1", coverage: []audit.Coverage{{Source: "aurora", Region: "eu-west-1"}}}
		for _, s := range statuses {
			c.writer = append(c.writer, record.Entry{Status: s})
		}
		c.checkStatuses(l)
		return c.coverage[0]
	}
	if line := check("captured", "declined"); !line.Complete() || len(line.Excluded) != 0 {
		t.Errorf("known statuses: %+v", line)
	}
	if line := check(); !line.Complete() {
		t.Errorf("no rows: %+v", line)
	}
	line := check("captured", "taken", "taken")
	if !line.Complete() || len(line.Excluded) != 1 || line.Excluded[0].Records != 2 || !strings.Contains(line.Excluded[0].Reason, `"taken"`) {
		t.Errorf("an unknown status: %+v", line)
	}
	if line = check("CAPTURED", "declined"); len(line.Gaps) != 1 || !strings.Contains(line.Gaps[0].Reason, "no row of 2 has a charged status") {
		t.Errorf("nothing charged: %+v", line)
	}
}
