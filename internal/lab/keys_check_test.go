package lab

import (
	"slices"
	"testing"

	"parallax/internal/lab/globaltable"
)

// checkKeys compares the two replicas of the table with one another and with the ledger in force.
func checkKeys(t *testing.T, w *World, l ledgers) {
	differ, homeless := map[string]bool{}, map[string]bool{}
	for _, key := range allKeys(w) {
		here, there1 := w.table.Get(dublin, key)
		there, there2 := w.table.Get(london, key)
		if !there1 || !there2 {
			t.Errorf("key %s: in Dublin %t, in London %t", key, there1, there2)
			continue
		}
		if !here.Equal(there) {
			differ[key] = true
		}
		newest := newer(here, there)
		if _, found := l.london[newest["payment_id"].Text]; !found {
			homeless[key] = true
		}
	}
	same(t, w, "chain.key_without_entry", homeless)
	truth := w.Truth()
	want := slices.Concat(truth.keysOf("lww.not_replicated"), truth.keysOf("lww.diverged"))
	for _, key := range want {
		if !differ[key] {
			t.Errorf("key %s is alike in both regions", key)
		}
	}
	if len(differ) != len(want) {
		t.Errorf("keys that differ: %v, want %v", differ, want)
	}
	checkCharges(t, w, l)
	checkConflicts(t, w)
}

func newer(a, b globaltable.Item) globaltable.Item {
	if a["written_at"].Text < b["written_at"].Text {
		return b
	}
	return a
}

func allKeys(w *World) []string {
	var keys []string
	for _, p := range w.payments {
		if !p.keyless {
			keys = append(keys, p.key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// checkCharges: two charged rows of one key, over the ledger in force and the snapshot; rows whose key is nowhere.
func checkCharges(t *testing.T, w *World, l ledgers) {
	payments := map[string]map[string]bool{}
	strays, double := map[string]bool{}, map[string]bool{}
	for _, rows := range []map[string]row{l.london, l.snapshot} {
		for _, r := range rows {
			if r.status == "declined" {
				continue
			}
			if payments[r.key] == nil {
				payments[r.key] = map[string]bool{}
			}
			payments[r.key][r.payment] = true
			if len(payments[r.key]) == 2 {
				double[r.key] = true
			}
		}
	}
	for _, r := range l.london {
		if _, found := w.table.Get(london, r.key); !found {
			strays[r.payment] = true
		}
	}
	same(t, w, "chain.double_charge", double)
	same(t, w, "chain.entry_without_key", strays)
	tried := map[string]map[string]bool{}
	twice := map[string]bool{}
	for _, p := range w.payments {
		if tried[p.key] == nil {
			tried[p.key] = map[string]bool{}
		}
		tried[p.key][p.region] = true
		if len(tried[p.key]) == 2 {
			twice[p.key] = true
		}
	}
	same(t, w, "lww.double_accept", twice)
}

// checkConflicts: who won is what the later writer wrote, in both regions.
func checkConflicts(t *testing.T, w *World) {
	truth := w.Truth()
	for _, kind := range []string{"lww.lost_write", "lww.lost_delete"} {
		for _, key := range truth.keysOf(kind) {
			for _, region := range regions {
				item, _ := w.table.Get(region, key)
				if item["status"].Text != "disputed" {
					t.Errorf("%s %s: %s has %v", kind, key, region, item["status"])
				}
			}
		}
	}
	for _, key := range truth.keysOf("lww.double_accept") {
		item, _ := w.table.Get(dublin, key)
		if item["origin"].Text != london {
			t.Errorf("key %s: kept is the one of %v", key, item["origin"])
		}
	}
}
