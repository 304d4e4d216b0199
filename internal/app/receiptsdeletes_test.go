package app

import (
	"net/http"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
)

// TestReceiptsDeleted plays deletes that are in one region only, and what the rules and their beginnings make of single objects.
func TestReceiptsDeleted(t *testing.T) {
	w := newReceiptWorld(t)
	for i, story := range []struct {
		name string
		with func(*buckets.Options)
		play func(s *receiptScene)
	}{
		{"deleted and expired", func(o *buckets.Options) {
			o.Rules = map[string][]buckets.Rule{dublin: {{ID: "d", NoMarkers: true}}, london: {{ID: "l", NoMarkers: true}}}
		}, deletedAndExpired},
		{"passive region", nil, passiveRegion},
		{"deleted since", nil, deletedSinceTheScans},
		{"copied by hand", nil, copiedByHand},
		{"heads refused", nil, headsRefused},
	} {
		t.Run(story.name, func(t *testing.T) { story.play(w.scene(t, story.name, i+1, story.with)) })
	}
}

// deletedAndExpired: where deletes are not replicated, a receipt that was deleted in London and has expired there is not missing.
func deletedAndExpired(s *receiptScene) {
	keys := s.paid(s.clock(1), 5)
	s.s3.MarkDeleted(london, keys[0], s.clock(2))
	for _, v := range s.s3.Versions(london) {
		if v.Key == keys[0] && !v.Marker {
			s.s3.HardDelete(london, v.Key, v.ID)
		}
	}
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunClean)
	s.tells(r, "excluded 1: receipt deleted in one region and kept in the other: no replication rule copies its delete marker")
}

// passiveRegion: all is written in Dublin, so nothing shows how old the rule of London is; deletes there are told of all the same.
func passiveRegion(s *receiptScene) {
	var want []string
	for _, key := range s.paid(s.clock(1), 5) {
		s.s3.MarkDeleted(london, key, s.clock(3))
		want = append(want, "receipt.delete_diverged "+key)
	}
	s.inventories(s.clock(24))
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, want...)
	for _, f := range s.living() {
		if f.Scope == s.name && f.Verdict != audit.Probable {
			s.Errorf("%s is %s", f.Key, f.Verdict)
		}
	}
}

// deletedSinceTheScans: what both inventories hold and a listing shows deleted is looked up; in both regions it is missing.
func deletedSinceTheScans(s *receiptScene) {
	s.paid(s.clock(1), 5)
	keys := s.paid(s.clock(25), 5)
	s.inventories(s.clock(30))
	s.s3.MarkDeleted(london, keys[0], s.clock(32))
	s.s3.MarkDeleted(london, keys[1], s.clock(32))
	s.s3.MarkDeleted(dublin, keys[1], s.clock(32))
	s.wants(s.at(s.clock(40), 40), audit.RunFindings, "receipt.delete_diverged "+keys[0], "receipt.missing "+"pay_deletedsince7")
}

// copiedByHand: one object that is older than the rule and was replicated by hand makes no other one a finding.
func copiedByHand(s *receiptScene) {
	for _, hours := range []float64{0.5, 1, 1, 1} {
		s.s3.PutUnversioned(dublin, s.clock(hours), s.charged(s.clock(hours)), []byte("older than the rule"))
	}
	s.paid(s.clock(2), 5)
	first := s.s3.Versions(dublin)[0]
	if changed, refusal := s.s3.Replicate(dublin, first.Key, first.ID); !changed || refusal != "" {
		s.Fatal(refusal)
	}
	s.s3.Advance(s.clock(20))
	s.inventories(s.clock(24))
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunClean)
	s.tells(r, "excluded 3: receipt in one region only, older than all that the replication rule has copied")
}

// headsRefused: what answers no HEAD, as objects under customers' keys do, is judged by its listing and keeps no other from its own.
func headsRefused(s *receiptScene) {
	s.s3.Pause()
	keys := s.paid(s.clock(1), 60)
	s.inventories(s.clock(24))
	s.s3.Resume()
	refused := map[string]bool{}
	for _, key := range keys[9:50] {
		refused[key] = true
	}
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if r.Action == "HeadObject" && refused[r.Key] {
			return buckets.Fault{Status: http.StatusBadRequest, Code: "InvalidRequest"}
		}
		return buckets.Fault{}
	})
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunClean)
	s.tells(r, "excluded 41: suspects judged by the listing of their versions alone")
}
