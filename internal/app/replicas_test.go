package app

import (
	"slices"
	"testing"

	"parallax/internal/audit"
	"parallax/sources/ddbstream"
)

func TestUnreadReplicas(t *testing.T) {
	named := func(region audit.Region, replicas ...string) audit.Coverage {
		totals := map[string]string{}
		for _, r := range replicas {
			totals[r] = "ACTIVE"
		}
		return audit.Coverage{Region: region, Extents: []audit.Extent{{Name: ddbstream.ExtentReplicas, Totals: totals}}}
	}
	regions := []audit.Region{"eu-west-1", "eu-west-2"}
	for name, tc := range map[string]struct {
		captured []audit.Coverage
		want     []audit.Region
	}{
		"the other one only":          {[]audit.Coverage{named("eu-west-1", "eu-west-2"), named("eu-west-2", "eu-west-1")}, nil},
		"itself too":                  {[]audit.Coverage{named("eu-west-1", "eu-west-1", "eu-west-2")}, nil},
		"a third one":                 {[]audit.Coverage{named("eu-west-1", "eu-west-2", "eu-west-3"), named("eu-west-2", "eu-west-1", "eu-west-3")}, []audit.Region{"eu-west-3"}},
		"a third one, itself too":     {[]audit.Coverage{named("eu-west-1", "eu-west-1", "eu-west-2", "eu-west-3")}, []audit.Region{"eu-west-3"}},
		"seen from one region only":   {[]audit.Coverage{named("eu-west-1", "eu-west-2"), named("eu-west-2", "eu-west-1", "us-east-1", "eu-west-3")}, []audit.Region{"eu-west-3", "us-east-1"}},
		"removed since":               {[]audit.Coverage{named("eu-west-1", "eu-west-2", "eu-west-3"), named("eu-west-1", "eu-west-2")}, nil},
		"a capture that did not tell": {[]audit.Coverage{named("eu-west-1", "eu-west-3"), {Region: "eu-west-1"}}, []audit.Region{"eu-west-3"}},
		"no capture":                  {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unreadReplicas(regions, tc.captured); !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}
