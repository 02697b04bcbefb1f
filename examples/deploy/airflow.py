"""What is done every night, for Airflow: prepare, check, save, report. Put it into the folder of DAGs of a worker with host."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    dag_id="host_daily",
    schedule="0 2 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={
        "owner": "host",
        "depends_on_past": False,
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
    },
) as dag:
    # What is registered already is not derived again, so a retry goes on where the last attempt ended.
    prepare = BashOperator(
        task_id="prepare",
        bash_command="host prepare --from /etc/host/datasets.txt --keep-going",
    )
    check = BashOperator(
        task_id="check",
        bash_command="host check",
    )
    save = BashOperator(
        task_id="save",
        bash_command="host backup create",
    )
    report = BashOperator(
        task_id="report",
        bash_command="host report daily --date {{ ds }} --output /var/lib/host/report-{{ ds }}.html",
    )
    prepare >> check >> save >> report
