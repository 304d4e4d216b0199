package inventory

import (
	"strings"
	"testing"
	"time"
)

// TestNames: where nothing lies under the configured names the gap is about the names, and says which lie there instead.
func TestNames(t *testing.T) {
	t.Parallel()
	d := newDepot()
	d.publish(t, midnight, formatCSV, joined(fullNames), sheetOf(fullNames, 5).csv(t))
	for name, c := range map[string]struct {
		change func(*Source)
		want   string
	}{
		"id":     {func(s *Source) { s.Inventory.ID = "dayly" }, `under "b/dayly/"; inventories of this bucket there have the ids: daily`},
		"bucket": {func(s *Source) { s.Bucket = "c" }, `no inventory of c lies in bucket d under "c/daily/"; folders under no prefix: b`},
		"prefix": {func(s *Source) { s.Inventory.Prefix = "inv" }, `under "inv/b/daily/"`},
	} {
		s := d.source()
		c.change(&s)
		_, gaps, err := s.Find(t.Context())
		if err != nil || len(gaps) != 1 || !strings.HasSuffix(gaps[0].Reason, c.want) || !strings.Contains(gaps[0].Remedy, "receipts[].regions: bucket, inventory.prefix and inventory.id") {
			t.Errorf("%s: %+v, %v", name, gaps, err)
		}
	}
	s := d.source()
	s.AsOf = midnight.Add(-time.Hour) // the names are right
	if _, gaps, err := s.Find(t.Context()); err != nil || len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "not delivered yet; there is none up to") {
		t.Errorf("%+v, %v", gaps, err)
	}
}
