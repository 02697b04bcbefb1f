//! {{ module.title }}.
//!
//! `module.json` says what goes in and what is promised to come out; this is all the code there is.
#![forbid(unsafe_code)]

{% if module.covariance -%}
use plugin_api::{
    Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Plot, Table,
};
{%- else -%}
use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};
{%- endif %}

/// 0 °C in kelvin, exact by definition (SI Brochure, 9th edition, section 2.3.1).
const ZERO_CELSIUS: f64 = 273.15;

#[derive(Default)]
struct {{ module.type_name }};

impl DerivationModule for {{ module.type_name }} {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        {% if module.minimal %}_{% endif %}parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let table = inputs.require("table")?.table()?;
        {%- if !module.minimal %}
        table.only(&["name", "temperature"{% if !module.covariance %}, "uncertainty"{% endif %}])?;
        let offset = parameters.number("offset")?.unwrap_or(0.0);
        {%- endif %}
        {%- if module.covariance %}
        let covariance = inputs.require("covariance")?.matrix(table.rows())?;
        {%- endif %}
        let names = table.texts("name")?;
        let celsius = table.numbers_in("temperature", "°C")?;
        let mut temperatures = Vec::new();
        for (row, celsius) in celsius.into_iter().enumerate() {
            context.check_cancelled()?;
            let kelvin = celsius + ZERO_CELSIUS{% if !module.minimal %} + offset{% endif %};
            if kelvin < 0.0 {
                let message = format!("{celsius} °C is below absolute zero");
                return Err(table.refuse(row, "temperature", message));
            }
            temperatures.push(kelvin);
        }
        let data = Table::new("data")
            .column("name", names)
            .column("temperature", temperatures)
            {%- if module.covariance %}
            .column("uncertainty", covariance.standard_deviations())
            {%- else if !module.minimal %}
            .column("uncertainty", table.numbers_in("uncertainty", "°C")?)
            {%- endif %}
            .build();
        {%- if module.minimal %}
        Ok(Derived::new("temperatures").table(data))
        {%- else if module.covariance %}
        let correlations = Plot::Correlation {
            title: "Correlations of the temperatures".to_owned(),
            matrix: "covariance".to_owned(),
            labels: Some("name".to_owned()),
        };
        let derived = Derived::new("temperatures").table(data).matrix(covariance);
        let derived = derived.plot("correlations", correlations);
        Ok(derived.note("offset_kelvin", offset))
        {%- else %}
        let derived = Derived::new("temperatures").table(data);
        Ok(derived.note("offset_kelvin", offset))
        {%- endif %}
    }
}

plugin_api::export_module! {
    module: {{ module.type_name }},
    descriptor: "../module.json",
    files: ["../data/table.csv"{% if module.covariance %}, "../data/covariance.txt"{% endif %}],
}

#[cfg(test)]
plugin_api::conformance!({{ module.type_name }});
