package config

import "slices"

// likeKeys are the settings that rules.like decides where they are not given.
func likeKeys() []string {
	return []string{"expect_business_days", "missing_business_days", "rules.wrong_period", "rules.fx.check"}
}

// likeNetworks prepares the feeds that start from what is usual of a network: it notes which of the settings concerned are
// given, and takes the network's cut-off where no other is named. The rest is the rules' to know.
func (d *decoder) likeNetworks(feeds []Settlement, e *environ) {
	for i := range feeds {
		s := &feeds[i]
		if s.Rules.Like == "" {
			continue
		}
		key := join("settlement", nameOr(s.Name, i))
		s.Rules.Given = map[string]bool{}
		for _, name := range likeKeys() {
			_, inFile := d.at[join(key, name)]
			_, inEnvironment := e.vars[variableFor(join(key, name))]
			if inFile || inEnvironment {
				s.Rules.Given[name] = true
			}
		}
		if s.Calendar.Like == "" && slices.Contains([]string{"mastercard", "visa", "amex"}, s.Rules.Like) {
			s.Calendar.Like = s.Rules.Like
		}
	}
}
