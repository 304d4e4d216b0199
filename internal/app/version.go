package app

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the build: -ldflags "-X parallax/internal/app.version=...".
var version = "dev"

// Version says which build this is.
func Version() string {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
	}
	return fmt.Sprintf("parallax %s%s (%s %s/%s)", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
