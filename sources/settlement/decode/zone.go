package decode

import (
	"errors"
	"regexp"
	"time"
	_ "time/tzdata" // a container may come without time zones
)

// Zones finds time zones by what files write. The zero value is ready; it remembers what it found, a few dozen at most.
type Zones struct {
	Default *time.Location // stands for an abbreviation that several zones share, as CST and IST do; nil makes it an error
	known   map[string]*time.Location
}

var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z_]+/[A-Za-z_/+-]+[0-9]{0,2}$`)

const maxZones = 64

// Find returns the zone of an abbreviation (CET), of a name in the time zone database (Europe/Paris), or of an offset
// (+02:00). An abbreviation stands for one offset: CET is an hour ahead of UTC in summer too.
func (z *Zones) Find(text string) (*time.Location, error) {
	if found, ok := z.known[text]; ok {
		return found, nil
	}
	found, err := z.find(text)
	if err == nil && len(z.known) < maxZones {
		if z.known == nil {
			z.known = map[string]*time.Location{}
		}
		z.known[text] = found
	}
	return found, err
}

func (z *Zones) find(text string) (*time.Location, error) {
	if minutes, ok := abbreviations[text]; ok {
		return time.FixedZone(text, minutes*60), nil
	}
	for _, layout := range []string{"-07:00", "-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			_, offset := t.Zone()
			return time.FixedZone("", offset), nil
		}
	}
	if zoneName.MatchString(text) {
		if found, err := time.LoadLocation(text); err == nil {
			return found, nil
		}
	}
	if z.Default != nil && len(text) <= 5 {
		return z.Default, nil
	}
	return nil, errors.New("is not a time zone such as CET or Europe/Paris, or one that several regions share: name yours in the configuration")
}

// abbreviations are minutes ahead of UTC. Those that two zones share (AST, CST, IST) are left out; BST is Britain's.
var abbreviations = map[string]int{
	"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120, "EET": 120, "EEST": 180,
	"SAST": 120, "MSK": 180, "TRT": 180, "GST": 240, "WIB": 420, "ICT": 420, "SGT": 480, "HKT": 480, "MYT": 480, "PHT": 480, "AWST": 480,
	"JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
	"BRT": -180, "ART": -180, "ADT": -180, "CLT": -240, "EDT": -240, "EST": -300, "CDT": -300, "MDT": -360, "MST": -420, "PDT": -420,
	"PST": -480, "AKDT": -480, "AKST": -540, "HST": -600,
}
