package config

// FixedLayout describes a file of fixed columns; see settlement/fixedwidth.
type FixedLayout struct {
	Like string `yaml:"like" doc:"Start from a layout that is shipped: visa-base2-unverified."`
}
