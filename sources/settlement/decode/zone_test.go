package decode

import (
	"strconv"
	"testing"
	"time"
)

func TestZones(t *testing.T) {
	var z Zones
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]int{"CET": 60, "PDT": -420, "Europe/Paris": 120, "America/Los_Angeles": -420, "+02:00": 120, "-0330": -210, "UTC": 0} {
		for range 2 { // the second time from memory
			zone, err := z.Find(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if _, offset := summer.In(zone).Zone(); offset != want*60 {
				t.Errorf("%s: %d minutes", text, offset/60)
			}
		}
	}
	for _, text := range []string{"", "CST", "Local", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Etc/../../passwd"} {
		if zone, err := z.Find(text); err == nil {
			t.Errorf("%q is %v", text, zone)
		}
	}
	china := Zones{Default: time.FixedZone("China", 8*3600)}
	if zone, err := china.Find("CST"); err != nil || zone.String() != "China" {
		t.Errorf("CST: %v, %v", zone, err)
	}
	if _, err := china.Find("not a zone"); err == nil {
		t.Error("any text is the default zone")
	}
	for i := range 2 * maxZones {
		if _, err := china.Find(strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(china.known) > maxZones {
		t.Errorf("%d zones remembered", len(china.known))
	}
}
